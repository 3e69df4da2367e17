import type { ResolvedServer } from '../config/fixture-config.ts'
import type { Isolation } from '../config/isolation.ts'
import { LeaseError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { InstanceState } from '../instance/lifecycle.ts'
import type { Death } from '../isolation/server.ts'
import type { Fault } from '../link/fault.ts'
import { noLinks } from '../link/no-links.ts'
import { isTraced, stopwatch, trace } from '../trace.ts'
import { Aside } from './aside.ts'
import { CurrentProcess } from './current-process.ts'
import { failTest } from './hold/failed-test.ts'
import type { HeldServers } from './hold/held-servers.ts'
import { InstanceMaker } from './instance-maker.ts'
import type { ClusterActions, FailedTest, LeasableServer, PoolContext } from './leasable-server.ts'
import { LeaseUse } from './lease-use.ts'
import { liveLogger } from './live-log.ts'
import type { FailedServer, LeasedServerInfo } from './messages.ts'
import { infoOf } from './server-info.ts'
import { type RunningTest, ServerMark } from './server-mark.ts'
import { crashReport } from './server-signals.ts'
import { ServerSteps } from './server-steps.ts'
import { Spare } from './spare.ts'

/**
 * One server of a pool: an address, the processes that have the address in turn, and the use that leases made of them.
 */
export class PooledServer implements LeasableServer {
  readonly name: string
  /** The worker slot of the server's latest lease, or of its planned lease. */
  slot: number
  /** The use that the current lease has made of the server. */
  leaseUse: LeaseUse = new LeaseUse()
  readonly #options: ResolvedServer
  readonly #held: HeldServers
  readonly #maker: InstanceMaker
  readonly #mark: ServerMark
  readonly #current: CurrentProcess
  readonly #spare: Spare
  readonly #aside = new Aside()
  readonly #steps = new ServerSteps(
    () => this.#current.mustNotBeEnded(),
    () => this.info(),
  )

  constructor(name: string, slot: number, options: ResolvedServer, { root, held }: PoolContext) {
    this.name = name
    this.slot = slot
    this.#options = options
    this.#held = held
    this.#mark = new ServerMark(name, slot)
    const logger = options.log === 'live' ? liveLogger(this.#mark, options.logger) : options.logger
    this.#maker = new InstanceMaker({ ...options, logger, trace: step => this.trace(step) }, root)
    this.#current = new CurrentProcess(options, this.#maker)
    const mayStandBy = this.#maker.mayStandBy(this.instance)
    this.#spare = new Spare(
      () => this.#maker.makeSuccessor(this.instance),
      mayStandBy,
      step => this.trace(step),
    )
  }

  get isolation(): Isolation {
    return this.#options.isolation
  }

  /** True if a start of this server was begun, however that start ended. */
  get isBegun(): boolean {
    return this.#current.isBegun || this.#steps.isPrestarted
  }

  get state(): InstanceState {
    return this.instance.state
  }

  /** @throws LeaseError, because the server is a single one */
  get cluster(): ClusterActions {
    throw new LeaseError(`server '${this.name}' is no cluster`, { hint: "A cluster has the option 'app'." })
  }

  get instance(): TarantoolInstance {
    return this.#current.instance
  }

  /** Starts the server in the background, so that a lease finds it ready. The lease reports a failure. */
  prestart(): void {
    this.#steps.prestart(async () => {
      await this.#current.start({ recreate: true })
      if (this.isolation === 'process') this.#spare.prepare()
    })
  }

  /**
   * Makes the server run. A running server stays as it is, a paused server is resumed, any other starts with an empty
   * directory.
   */
  async ensure(): Promise<LeasedServerInfo> {
    return await this.#steps.ensure(async () => {
      await this.#current.awaitDeath()
      this.#current.resume()
      await this.#current.start({ recreate: true })
      if (this.isolation === 'process') this.#spare.prepare()
    })
  }

  async start(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#steps.answer(async () => {
      await this.#current.awaitDeath()
      await this.#current.start({ recreate })
    })
  }

  /** Stops the server and starts it again. With `record`, the server records its changes from here on. */
  async restart(recreate: boolean, record = false): Promise<LeasedServerInfo> {
    return await this.#steps.answer(async () => {
      await this.#current.stop()
      if (record && !this.#maker.records) await this.#beginToRecord()
      await this.#current.start({ recreate })
    })
  }

  /** Gives the server a new process: the spare, or a process that starts now. From then on, a spare is kept. */
  async renew(): Promise<LeasedServerInfo> {
    return await this.#steps.answer(() => this.#renew())
  }

  /**
   * Puts a new process on the address, while the current process stands aside until `comeBack`. The new process is the
   * spare, or one that starts now. If the current process cannot give up its address, restarts the server with an empty
   * directory.
   */
  async stepAside(spare: boolean): Promise<LeasedServerInfo> {
    return await this.#steps.answer(async () => {
      try {
        await this.#stepAside(spare)
      } catch (error) {
        if (this.#aside.isThere) await this.#comeBack()
        throw error
      } finally {
        if (spare) this.#spare.prepare()
      }
    })
  }

  /**
   * Ends the tests' process, and gives the address back to the process that stood aside. Starts a new process if that
   * one has ended.
   */
  async comeBack(): Promise<LeasedServerInfo> {
    return await this.#steps.answer(async () => {
      if (!this.#aside.isThere) return
      await this.instance.stop()
      await this.#comeBack()
    })
  }

  async makeFault(fault: Fault): Promise<void> {
    const { front } = this.#maker
    if (!front) throw noLinks(`server '${this.name}'`, 'links: true in the config of the server', this.#options)
    await front.make(fault)
  }

  /** Prepares the server for the next file while that file is loaded, so that the file has less to wait for. */
  leaseEnded(): void {
    this.#current.leasedBefore = true
    const { isolation, leaseUse } = this
    this.leaseUse = new LeaseUse()
    this.atTest({})
    const step = async (): Promise<void> => {
      await this.#maker.front?.heal()
      // With another isolation, a server has a spare only if a file asked for one. The next file may not want it.
      if (isolation !== 'process') await this.#spare.discard()
      await this.#aside.end()
      if (isolation !== 'process' && isolation !== 'restart') return
      if (!(await leaseUse.mayHaveChanged(this.instance))) {
        this.#current.leasedBefore = false
        this.trace('stays as it is: its lease has not used it')
      } else if (isolation === 'process') await this.#renew()
      else await this.#startAnew()
    }
    this.#steps.run(step).catch(() => {})
  }

  /** Stops the process. Directory and address stay for a later start. */
  async stop(): Promise<void> {
    await this.#steps.run(() => this.#current.stop())
  }

  /** Sends a signal. After SIGKILL, returns when the process has ended. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#steps.run(() => this.#current.signal(signal))
  }

  atTest(running: RunningTest): void {
    this.instance.catchUpLog()
    this.#mark.running = running
  }

  trace(step: string): void {
    trace(step, `${this.#mark} `)
  }

  /** Notes that a test that had the server failed. `keep` and `hold` decide what becomes of the server. */
  async testFailed({ test, testFile, isNeeded }: FailedTest): Promise<FailedServer> {
    return await this.#steps.run(async () => {
      const { instance } = this
      const server = { options: this.#options, current: this.#current, spare: this.#spare, held: this.#held, isNeeded }
      const failed = await failTest({ test, testFile, server: this.name }, server)
      if (this.instance === instance) return failed
      await this.#current.start({ recreate: true })
      if (this.isolation === 'process') this.#spare.prepare()
      return { ...failed, successor: this.info() }
    })
  }

  /** Ends the server for good. Steps that wait for their turn fail. */
  async destroy(): Promise<void> {
    // At once, to end a start that is under way; and again, because a step may have been between stop and start.
    this.#spare.close().catch(() => {})
    await this.#current.end()
    await this.#steps.settled()
    await this.#current.end()
    await this.#aside.end()
    await this.#maker.front?.end()
    await this.#spare.close()
  }

  info(): LeasedServerInfo {
    const { instance, ...process } = this.#current.facts
    return {
      ...infoOf(instance),
      ...process,
      name: this.name,
      isolation: this.isolation,
      strict: this.#options.strict,
      records: this.#maker.records,
      leasedBefore: this.#current.leasedBefore,
      aside: this.#aside.isThere,
      isLive: this.#options.log === 'live' || isTraced(),
      isTraced: isTraced(),
      keepsOnFailure: this.#options.keep === 'on-failure',
      holding: this.#held.holdingOf(this.#options.hold),
      showsChanges: this.#options.showChanges,
    }
  }

  async crashReport(): Promise<Death | null> {
    return await crashReport(this.instance)
  }

  async #startAnew(): Promise<void> {
    await this.#current.stop()
    await this.#current.start({ recreate: true })
  }

  async #renew(): Promise<void> {
    const time = stopwatch()
    try {
      const successor = await this.#spare.replace(this.instance, { orderly: this.#current.isKept })
      if (successor) this.#current.succeed(successor)
      else await this.#startAnew()
      this.trace(`replaced by ${successor ? 'its spare' : 'a new process'} in ${time()}`)
    } finally {
      this.#spare.prepare()
    }
  }

  async #stepAside(spare: boolean): Promise<void> {
    const time = stopwatch()
    const former = this.#current.facts
    const giveUpAddress = async (): Promise<void> => await this.#aside.take(former)
    const isFirst = !this.#aside.isThere
    const successor = isFirst && spare ? await this.#spare.takeOver(giveUpAddress) : undefined
    if (isFirst && !this.#aside.isThere) await giveUpAddress().catch(() => {})
    if (this.#aside.isThere) this.#current.succeed(successor ?? (await this.#current.startSuccessor()))
    else await this.#startAnew()
    this.trace(`${this.#aside.isThere ? 'stood aside for' : 'replaced by'} another process in ${time()}`)
  }

  async #comeBack(): Promise<void> {
    const former = await this.#aside.giveBack()
    if (former) this.#current.become(former)
    else this.#current.succeed(await this.#current.startSuccessor())
    this.trace(former ? 'the process that stood aside is back' : 'the process that stood aside has ended')
  }

  // An instance cannot begin to record changes after it was made.
  async #beginToRecord(): Promise<void> {
    this.#maker.records = true
    await this.#spare.discard()
    await this.#current.replaceInstance()
  }
}
