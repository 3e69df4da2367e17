import type { ResolvedServer } from '../config/fixture-config.ts'
import type { Isolation } from '../config/isolation.ts'
import { LeaseError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { InstanceState } from '../instance/lifecycle.ts'
import type { Death } from '../isolation/server.ts'
import type { Fault } from '../link/fault.ts'
import { noLinks } from '../link/no-links.ts'
import { trace } from '../trace.ts'
import type { CurrentProcess } from './current-process.ts'
import type { FailedServer } from './failed-server.ts'
import { failTest } from './hold/failed-test.ts'
import type { HeldServers } from './hold/held-servers.ts'
import { InstanceMaker } from './instance-maker.ts'
import type { ClusterActions, FailedTest, LeasableServer, PoolContext } from './leasable-server.ts'
import { LeaseUse } from './lease-use.ts'
import type { LeasedServerInfo } from './leased-info.ts'
import { liveLogger } from './live-log.ts'
import { infoOf, reportingOf } from './server-info.ts'
import { type RunningTest, ServerMark } from './server-mark.ts'
import { crashReport } from './server-signals.ts'
import { ServerSteps } from './server-steps.ts'
import { Succession } from './succession.ts'

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
  readonly #processes: Succession
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
    this.#processes = new Succession(options, this.#maker, step => this.trace(step))
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
    this.#steps.prestart(() => this.#processes.start())
  }

  /**
   * Makes the server run. A running server stays as it is, a paused server is resumed, any other starts with an empty
   * directory.
   */
  async ensure(): Promise<LeasedServerInfo> {
    return await this.#steps.ensure(async () => {
      await this.#current.awaitDeath()
      this.#current.resume()
      await this.#processes.start()
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
      if (record && !this.#maker.records) await this.#processes.beginToRecord()
      await this.#current.start({ recreate })
    })
  }

  /** Gives the server a new process: the spare, or a process that starts now. From then on, a spare is kept. */
  async renew(): Promise<LeasedServerInfo> {
    return await this.#steps.answer(() => this.#processes.renew())
  }

  /**
   * Puts a new process on the address, while the current process stands aside until `comeBack`. The new process is the
   * spare, or one that starts now. If the current process cannot give up its address, restarts the server with an empty
   * directory.
   */
  async stepAside(spare: boolean): Promise<LeasedServerInfo> {
    return await this.#steps.answer(() => this.#processes.stepAside(spare))
  }

  /**
   * Ends the tests' process, and gives the address back to the process that stood aside. Starts a new process if that
   * one has ended.
   */
  async comeBack(): Promise<LeasedServerInfo> {
    return await this.#steps.answer(() => this.#processes.comeBack())
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
      await this.#processes.endOthers()
      if (isolation !== 'process' && isolation !== 'restart') return
      if (!(await leaseUse.mayHaveChanged(this.instance))) {
        this.#current.leasedBefore = false
        this.trace('stays as it is: its lease has not used it')
      } else if (isolation === 'process') await this.#processes.renew()
      else await this.#processes.startAnew()
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
      const { current, spare } = this.#processes
      const server = { options: this.#options, current, spare, held: this.#held, isNeeded }
      const failed = await failTest({ test, testFile, server: this.name }, server)
      if (this.instance === instance) return failed
      await this.#processes.start()
      return { ...failed, successor: this.info() }
    })
  }

  /** Ends the server for good. Steps that wait for their turn fail. */
  async destroy(): Promise<void> {
    // At once, to end a start that is under way; and again, because a step may have been between stop and start.
    await this.#processes.abort()
    await this.#steps.settled()
    await this.#processes.end()
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
      aside: this.#processes.isAside,
      ...reportingOf(this.#options, this.#held.holdingOf(this.#options.hold)),
    }
  }

  async crashReport(): Promise<Death | null> {
    return await crashReport(this.instance)
  }

  get #current(): CurrentProcess {
    return this.#processes.current
  }
}
