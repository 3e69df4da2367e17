import type { ResolvedServer } from '../config/fixture-config.ts'
import { NotRunningError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { type KeptFor, keepData } from '../instance/kept/keep.ts'
import type { ServerProcess } from './aside.ts'
import type { KeptData } from './failed-server.ts'
import { type InstanceMaker, keeps } from './instance-maker.ts'
import { keepForTest } from './kept-data.ts'
import { ServerSignals } from './server-signals.ts'
import type { Spare } from './spare.ts'

/** The process that has the address of a pooled server now, and what the broker knows about that process. */
export class CurrentProcess {
  /** A lease has used the process since the process was new or reset. */
  leasedBefore = false
  readonly #options: ResolvedServer
  readonly #maker: InstanceMaker
  readonly #signals = new ServerSignals()
  #instance: TarantoolInstance
  /** The number of processes that the address has had. */
  #processes = 0
  /** The number of this process. */
  #generation = 0
  /** The process began with an empty directory. */
  #beganEmpty = true
  #testFailed = false
  #isEnded = false

  constructor(options: ResolvedServer, maker: InstanceMaker) {
    this.#options = options
    this.#maker = maker
    this.#instance = maker.make()
  }

  get instance(): TarantoolInstance {
    return this.#instance
  }

  get facts(): ServerProcess {
    return { instance: this.#instance, generation: this.#generation, beganEmpty: this.#beganEmpty }
  }

  /** True if a start was begun, however that start ended. */
  get isBegun(): boolean {
    return this.#processes > 0
  }

  /** True if the user may look at the directory after the process has ended. */
  get isKept(): boolean {
    return this.#options.keep === 'on-failure' ? this.#testFailed : keeps(this.#options)
  }

  /** @throws NotRunningError after `end` */
  mustNotBeEnded(): void {
    if (this.#isEnded) throw new NotRunningError(`${this.#instance.fingerprint} was ended with the test run`)
  }

  /** Starts the server unless it runs. With `recreate`, the server gets an empty directory. */
  async start({ recreate }: { recreate: boolean }): Promise<void> {
    if (this.#instance.isRunning) return
    if (recreate && this.#testFailed) await this.#leaveDirectory()
    this.mustNotBeEnded()
    this.#signals.forget()
    this.#generation = ++this.#processes
    this.#beganEmpty = recreate
    await this.#instance.start({ recreate })
    if (recreate) this.leasedBefore = false
  }

  /** Stops the process. Directory and address stay for a later start. */
  async stop(): Promise<void> {
    this.#signals.forget()
    await this.#instance.stop({ cleanup: false })
  }

  /** Sends a signal. After SIGKILL, returns when the process has ended. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    if (signal === 'SIGKILL') await this.#instance.kill({ cleanup: false })
    else this.#signals.send(this.#instance, signal)
  }

  /** Waits until a server ends that a test has sent such a signal, for `stopTimeout` at most. */
  async awaitDeath(): Promise<void> {
    if (this.#signals.doomed) await this.stop()
  }

  /** Resumes a server that a test has paused. */
  resume(): void {
    if (this.#signals.paused) this.#signals.send(this.#instance, 'SIGCONT')
  }

  /**
   * Notes that a test that had the process failed. With `keep: 'on-failure'`, the data is kept as it is now. If the server
   * cannot write it, the server's own directory stays.
   */
  async testFailed(about: KeptFor): Promise<KeptData | null> {
    const kept = this.#options.keep === 'on-failure' ? await this.keepData(about) : null
    if (kept && 'directory' in kept) return kept
    this.#testFailed = true
    this.#instance.markFailed()
    return kept
  }

  /**
   * Keeps the data as it is now, for a person who opens it later.
   *
   * @param place the parent of the new directory. Default: that of the server's directory
   */
  async keepData(about: KeptFor, place?: string): Promise<KeptData> {
    const instance = this.#instance
    if (!instance.isRunning) return { reason: 'the server does not run' }
    const options = place === undefined ? {} : { place }
    return await keepForTest(() => keepData(instance, this.#options, about, options))
  }

  /**
   * Lets the process move to an address of its own, where it runs on without an owner here. Another process gets the
   * address: the spare, or one that `start` starts.
   *
   * @throws if the process cannot move. It is ended then
   */
  async moveAway(spare: Spare): Promise<void> {
    const former = this.#instance
    const successor = this.#maker.makeSuccessor(former)
    let moving: Promise<void> | undefined
    const move = async (): Promise<void> => {
      moving ??= former.moveAway()
      await moving
    }
    const ready = await spare.takeOver(move).catch(() => undefined)
    this.#signals.forget()
    this.#testFailed = false
    this.#instance = successor
    try {
      await move()
    } catch (error) {
      await former.kill()
      throw error
    }
    if (ready) this.succeed(ready)
  }

  /** Gives the address to another instance for all later starts, and ends the current instance. */
  async replaceInstance(): Promise<void> {
    const successor = this.#maker.makeSuccessor(this.#instance)
    await this.#instance.stop()
    this.#instance = successor
  }

  /** Starts another instance on the address. The process must have given up the address. */
  async startSuccessor(): Promise<TarantoolInstance> {
    const successor = this.#maker.makeSuccessor(this.#instance)
    await successor.start({ recreate: true })
    return successor
  }

  /** Notes that a new process has the address. */
  succeed(successor: TarantoolInstance): void {
    this.become({ instance: successor, generation: ++this.#processes, beganEmpty: true })
    this.leasedBefore = false
  }

  /** Notes that a process that had the address before has it again. */
  become({ instance, generation, beganEmpty }: ServerProcess): void {
    this.#instance = instance
    this.#generation = generation
    this.#beganEmpty = beganEmpty
    this.#signals.forget()
    this.#testFailed = false
  }

  /** Ends the process, also during its start. No other process starts from then on. */
  async end(): Promise<void> {
    this.#isEnded = true
    await this.#instance.stop()
  }

  // A start with an empty directory would remove the files that are kept for the failed test.
  async #leaveDirectory(): Promise<void> {
    this.#testFailed = false
    if (this.#options.keep === 'on-failure') await this.replaceInstance()
  }
}
