import type { ResolvedServer } from '../config/fixture-config.ts'
import { stopwatch, type Trace } from '../trace.ts'
import { Aside } from './aside.ts'
import { CurrentProcess } from './current-process.ts'
import type { InstanceMaker } from './instance-maker.ts'
import { Spare } from './spare.ts'

/** The processes that have one address in turn: the current process, its spare, and one that stands aside. */
export class Succession {
  readonly current: CurrentProcess
  readonly spare: Spare
  readonly #aside = new Aside()
  readonly #maker: InstanceMaker
  readonly #trace: Trace
  /** The current process has a spare from its start on. */
  readonly #hasSpare: boolean

  constructor(options: ResolvedServer, maker: InstanceMaker, trace: Trace) {
    this.#maker = maker
    this.#trace = trace
    this.#hasSpare = options.isolation === 'process'
    this.current = new CurrentProcess(options, maker)
    const mayStandBy = maker.mayStandBy(this.current.instance)
    this.spare = new Spare(() => maker.makeSuccessor(this.current.instance), mayStandBy, trace)
  }

  /** A process stands aside. */
  get isAside(): boolean {
    return this.#aside.isThere
  }

  /** Starts the server with an empty directory, unless it runs. */
  async start(): Promise<void> {
    await this.current.start({ recreate: true })
    if (this.#hasSpare) this.spare.prepare()
  }

  /** Ends the process, and starts the server with an empty directory. */
  async startAnew(): Promise<void> {
    await this.current.stop()
    await this.current.start({ recreate: true })
  }

  /** Gives the address to the spare, or to a process that starts now. From then on, a spare is kept. */
  async renew(): Promise<void> {
    const time = stopwatch()
    try {
      const successor = await this.spare.replace(this.current.instance, { orderly: this.current.isKept })
      if (successor) this.current.succeed(successor)
      else await this.startAnew()
      this.#trace(`replaced by ${successor ? 'its spare' : 'a new process'} in ${time()}`)
    } finally {
      this.spare.prepare()
    }
  }

  /**
   * Gives the address to another process, while the current one stands aside until `comeBack`. The other process is the
   * spare, or one that starts now. If the current process cannot give up its address, restarts the server with an empty
   * directory.
   */
  async stepAside(spare: boolean): Promise<void> {
    try {
      await this.#stepAside(spare)
    } catch (error) {
      if (this.isAside) await this.#giveBack()
      throw error
    } finally {
      if (spare) this.spare.prepare()
    }
  }

  /**
   * Ends the current process, and gives the address back to the one that stood aside. Starts a new process if that one
   * has ended.
   */
  async comeBack(): Promise<void> {
    if (!this.isAside) return
    await this.current.instance.stop()
    await this.#giveBack()
  }

  /** Lets all processes from the next one on record their changes. Ends the current process. */
  async beginToRecord(): Promise<void> {
    // An instance cannot begin to record changes after it was made.
    this.#maker.records = true
    await this.spare.discard()
    await this.current.replaceInstance()
  }

  /** Ends the processes beside the current one, at the end of a lease. */
  async endOthers(): Promise<void> {
    // With another isolation, a server has a spare only if a file asked for one. The next file may not want it.
    if (!this.#hasSpare) await this.spare.discard()
    await this.#aside.end()
  }

  /** Ends a start that is under way, and the current process. No other process starts from then on. */
  async abort(): Promise<void> {
    this.spare.close().catch(() => {})
    await this.current.end()
  }

  /** Ends all processes for good, and the link before their address. */
  async end(): Promise<void> {
    await this.current.end()
    await this.#aside.end()
    await this.#maker.front?.end()
    await this.spare.close()
  }

  async #stepAside(spare: boolean): Promise<void> {
    const time = stopwatch()
    const former = this.current.facts
    const giveUpAddress = async (): Promise<void> => await this.#aside.take(former)
    const isFirst = !this.isAside
    const successor = isFirst && spare ? await this.spare.takeOver(giveUpAddress) : undefined
    if (isFirst && !this.isAside) await giveUpAddress().catch(() => {})
    if (this.isAside) this.current.succeed(successor ?? (await this.current.startSuccessor()))
    else await this.startAnew()
    this.#trace(`${this.isAside ? 'stood aside for' : 'replaced by'} another process in ${time()}`)
  }

  async #giveBack(): Promise<void> {
    const former = await this.#aside.giveBack()
    if (former) this.current.become(former)
    else this.current.succeed(await this.current.startSuccessor())
    this.#trace(former ? 'the process that stood aside is back' : 'the process that stood aside has ended')
  }
}
