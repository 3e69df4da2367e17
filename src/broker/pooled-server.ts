import type { Isolation } from '../config/isolation.ts'
import type { ServerOptions } from '../config/server-options.ts'
import { NotRunningError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { Death } from '../isolation/server.ts'
import { Aside, type ServerProcess } from './aside.ts'
import { InstanceMaker, keeps } from './instance-maker.ts'
import type { LeasedServerInfo } from './messages.ts'
import { infoOf } from './server-info.ts'
import { crashReport, ServerSignals } from './server-signals.ts'
import { ServerUse } from './server-use.ts'
import { Spare } from './spare.ts'

/** One server of a pool: an instance, and what its leases did with it. */
export class PooledServer {
  readonly name: string
  /** The worker slot that it was last leased to, or is meant for. */
  slot: number
  /** A lease has had it since it was last made fresh. */
  used = false
  readonly #options: ServerOptions
  readonly #maker: InstanceMaker
  #instance: TarantoolInstance
  readonly #spare: Spare
  readonly #aside = new Aside()
  readonly #signals = new ServerSignals()
  /** How the current lease has used the server. */
  use: ServerUse = new ServerUse()
  #testFailed = false
  #destroyed = false
  /** How many processes it has had. */
  #processes = 0
  /** The number of the one that it has. */
  #generation = 0
  /** Its process began with an empty directory. */
  #beganEmpty = true
  #prestart: Promise<unknown> | undefined
  /** What is going on with it: each step waits for the one before. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(name: string, slot: number, options: ServerOptions, root: string, baseDir: string) {
    this.name = name
    this.slot = slot
    this.#options = options
    this.#maker = new InstanceMaker(options, root, baseDir)
    this.#instance = this.#maker.make()
    const mayStandBy = this.#maker.mayStandBy(this.#instance)
    this.#spare = new Spare(() => this.#maker.makeSuccessor(this.#instance), mayStandBy)
  }

  get isolation(): Isolation {
    return this.#options.isolation ?? 'reset'
  }

  /** Whether a start of this server was begun, however that start ended. */
  get isBegun(): boolean {
    return this.#processes > 0 || this.#prestart !== undefined
  }

  get instance(): TarantoolInstance {
    return this.#instance
  }

  /** Starts it in the background, so that a lease finds it ready. A failure is told to the lease. */
  prestart(): void {
    this.#prestart = this.#inTurn(async () => {
      await this.#startAgain({ recreate: true })
      if (this.isolation === 'process') this.#spare.prepare()
    })
    this.#prestart.catch(() => {})
  }

  /** Makes it run: as it is if it runs, resumed if it is paused, else started with an empty directory. */
  async ensure(): Promise<LeasedServerInfo> {
    const prestart = this.#prestart
    this.#prestart = undefined
    await prestart
    return await this.#inTurn(async () => {
      await this.#awaitDeath()
      if (this.#signals.paused) this.#signals.send(this.#instance, 'SIGCONT')
      if (!this.#instance.isRunning) await this.#startFresh()
      if (this.isolation === 'process') this.#spare.prepare()
      return this.info()
    })
  }

  async start(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      await this.#awaitDeath()
      if (this.#instance.isRunning) return this.info()
      if (recreate) await this.#startFresh()
      else await this.#startAgain()
      return this.info()
    })
  }

  /** Stops it and starts it again. `record`: from here on it records what changes. */
  async restart(recreate: boolean, record = false): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      await this.#restart(recreate, record)
      return this.info()
    })
  }

  /** Gives it a new process: the spare, or where there is none, one that is started now. Keeps a spare from then on. */
  async renew(): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      await this.#renew()
      return this.info()
    })
  }

  /**
   * Puts a new process on the address, while the current process stands aside until `comeBack`. The new process is the
   * spare, or one that starts now. If the current process cannot give up its address, restarts the server with an empty
   * directory.
   */
  async stepAside(spare: boolean): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      const former = { instance: this.#instance, generation: this.#generation, beganEmpty: this.#beganEmpty }
      const giveUpAddress = async (): Promise<void> => await this.#aside.take(former)
      const isFirst = !this.#aside.isThere
      try {
        const successor = isFirst && spare ? await this.#spare.takeOver(giveUpAddress) : undefined
        if (isFirst && !this.#aside.isThere) await giveUpAddress().catch(() => {})
        if (this.#aside.isThere) this.#succeed(successor ?? (await this.#startSuccessor()))
        else await this.#restart(true)
      } catch (error) {
        if (this.#aside.isThere) await this.#comeBack()
        throw error
      } finally {
        if (spare) this.#spare.prepare()
      }
      return this.info()
    })
  }

  /**
   * Ends the tests' process, and gives the address back to the process that stood aside. Starts a new process if that
   * one has ended.
   */
  async comeBack(): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      if (this.#aside.isThere) {
        await this.#instance.stop()
        await this.#comeBack()
      }
      return this.info()
    })
  }

  /** While the next file is loaded there is time for what it would have to wait for. */
  leaseEnded(): void {
    this.used = true
    const { isolation, use } = this
    this.use = new ServerUse()
    const step = async (): Promise<void> => {
      // With another isolation, only a file that asked for a spare itself has one. The next file may not want it.
      if (isolation !== 'process') await this.#spare.discard()
      await this.#aside.end()
      if (isolation !== 'process' && isolation !== 'restart') return
      if (!(await use.isTouched(this.#instance))) this.used = false
      else if (isolation === 'process') await this.#renew()
      else await this.#restart(true)
    }
    this.#inTurn(step).catch(() => {})
  }

  /** Stops the process; directory and address stay, for a start. */
  async stop(): Promise<void> {
    await this.#inTurn(() => this.#stop())
  }

  /** Sends a signal; returns when SIGKILL has had its effect. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#inTurn(async () => {
      if (signal === 'SIGKILL') await this.#instance.kill({ cleanup: false })
      else this.#signals.send(this.#instance, signal)
    })
  }

  /** A test that had it failed: with `keep: 'on-failure'` its directory stays. */
  testFailed(): void {
    this.#testFailed = true
    this.#instance.markFailed()
  }

  /** Ends it for good; steps that wait for their turn fail. */
  async destroy(): Promise<void> {
    this.#destroyed = true
    // At once, since it ends a start that is under way; and again, since a step may have been between stop and start.
    this.#spare.close().catch(() => {})
    await this.#instance.stop()
    await this.#last
    await this.#instance.stop()
    await this.#aside.end()
    await this.#spare.close()
  }

  info(): LeasedServerInfo {
    return {
      ...infoOf(this.#instance),
      name: this.name,
      isolation: this.isolation,
      strict: this.#options.strict ?? false,
      records: this.#maker.records,
      generation: this.#generation,
      beganEmpty: this.#beganEmpty,
      used: this.used,
      aside: this.#aside.isThere,
      keepsOnFailure: this.#options.keep === 'on-failure',
    }
  }

  async crashReport(): Promise<Death | null> {
    return await crashReport(this.#instance)
  }

  async #restart(recreate: boolean, record = false): Promise<void> {
    await this.#stop()
    if (record && !this.#maker.records) await this.#beginToRecord()
    if (recreate) await this.#startFresh()
    else await this.#startAgain()
  }

  async #renew(): Promise<void> {
    try {
      const isKept = this.#options.keep === 'on-failure' ? this.#testFailed : keeps(this.#options)
      const successor = await this.#spare.replace(this.#instance, { orderly: isKept })
      if (successor) this.#succeed(successor)
      else {
        await this.#stop()
        await this.#startFresh()
      }
    } finally {
      this.#spare.prepare()
    }
  }

  async #stop(): Promise<void> {
    this.#signals.forget()
    await this.#instance.stop({ cleanup: false })
  }

  /** Waits for a server to end that a test has sent such a signal, for `stopTimeout` at most. */
  async #awaitDeath(): Promise<void> {
    if (this.#signals.doomed) await this.#stop()
  }

  async #startFresh(): Promise<void> {
    if (this.#testFailed) await this.#replaceInstance()
    await this.#startAgain({ recreate: true })
    this.used = false
  }

  async #startAgain({ recreate = false } = {}): Promise<void> {
    this.#checkNotDestroyed()
    this.#signals.forget()
    this.#generation = ++this.#processes
    this.#beganEmpty = recreate
    await this.#instance.start({ recreate })
  }

  // A start with an empty directory would take away what is kept of the failed test.
  async #replaceInstance(): Promise<void> {
    this.#testFailed = false
    if (this.#options.keep !== 'on-failure') return
    const successor = this.#maker.makeSuccessor(this.#instance)
    await this.#instance.stop()
    this.#instance = successor
  }

  #succeed(successor: TarantoolInstance): void {
    this.#become({ instance: successor, generation: ++this.#processes, beganEmpty: true })
    this.used = false
  }

  #become({ instance, generation, beganEmpty }: ServerProcess): void {
    this.#instance = instance
    this.#generation = generation
    this.#beganEmpty = beganEmpty
    this.#signals.forget()
    this.#testFailed = false
  }

  async #startSuccessor(): Promise<TarantoolInstance> {
    const successor = this.#maker.makeSuccessor(this.#instance)
    await successor.start({ recreate: true })
    return successor
  }

  async #comeBack(): Promise<void> {
    const former = await this.#aside.giveBack()
    if (former) this.#become(former)
    else this.#succeed(await this.#startSuccessor())
  }

  // What an instance records is settled when it is made.
  async #beginToRecord(): Promise<void> {
    this.#maker.records = true
    const successor = this.#maker.makeSuccessor(this.#instance)
    await this.#spare.discard()
    await this.#instance.stop()
    this.#instance = successor
  }

  #checkNotDestroyed(): void {
    if (this.#destroyed) throw new NotRunningError(`${this.#instance.fingerprint} was ended with the test run`)
  }

  async #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const checked = async (): Promise<Result> => {
      this.#checkNotDestroyed()
      return await step()
    }
    const result = this.#last.then(checked, checked)
    this.#last = result.catch(() => {})
    return await result
  }
}
