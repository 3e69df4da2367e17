import type { AnyCluster } from '../cluster/any-cluster.ts'
import type { ClusterState } from '../cluster/life.ts'
import type { Isolation } from '../config/isolation.ts'
import { placeOf } from '../instance/place/place.ts'
import type { AgentOperation, Death } from '../isolation/server.ts'
import type { Fault, LinkPlace } from '../link/fault.ts'
import { noLinks } from '../link/no-links.ts'
import { trace } from '../trace.ts'
import { type ClusterFacts, clusterInfo, memberInfo } from './cluster-info.ts'
import type { ResolvedClusterServer } from './cluster-maker.ts'
import { type ClusterContext, ClusterRequests } from './cluster-requests.ts'
import { CurrentCluster } from './current-cluster.ts'
import type { FailedServer } from './failed-server.ts'
import type { HeldServers } from './hold/held-servers.ts'
import type { Holding } from './hold/holding.ts'
import type { ClusterActions, FailedTest, LeasableServer, PoolContext, ServerActions } from './leasable-server.ts'
import { LeaseUse } from './lease-use.ts'
import type { ClusterReply, LeasedServerInfo } from './leased-info.ts'
import { type RunningTest, ServerMark } from './server-mark.ts'
import { ServerSteps } from './server-steps.ts'

/**
 * A cluster of a pool: the instances of an application, or a replica set. Requests of its lease act on the instance that
 * the option `connect` names, and those of its members on these. A reset asks all instances, and `renew` replaces all of
 * them together.
 */
export class PooledCluster implements LeasableServer {
  readonly name: string
  slot: number
  leaseUse: LeaseUse = new LeaseUse()
  readonly #options: ResolvedClusterServer
  readonly #mark: ServerMark
  readonly #held: HeldServers
  readonly #current: CurrentCluster
  readonly #steps = new ServerSteps(
    () => this.#current.mustNotBeEnded(),
    () => this.info(),
  )
  readonly cluster: ClusterActions

  constructor(name: string, slot: number, options: ResolvedClusterServer, { root, held }: PoolContext) {
    this.name = name
    this.slot = slot
    this.#options = options
    this.#mark = new ServerMark(name, slot)
    this.#held = held
    this.#current = new CurrentCluster(name, options, { root, mark: this.#mark, trace: step => this.trace(step) })
    this.cluster = this.#requests()
  }

  get isolation(): Isolation {
    return this.#options.isolation
  }

  get isBegun(): boolean {
    return this.#current.isBegun || this.#steps.isPrestarted
  }

  get state(): ClusterState {
    return this.#cluster.state
  }

  prestart(): void {
    this.#steps.prestart(() => this.#current.startAnew())
  }

  async ensure(): Promise<LeasedServerInfo> {
    return await this.#steps.ensure(() => this.#current.bringUp())
  }

  async start(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#main.start(recreate)
  }

  async restart(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#main.restart(recreate)
  }

  async stop(): Promise<void> {
    await this.#main.stop()
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#main.signal(signal)
  }

  async crashReport(): Promise<Death | null> {
    return await this.#main.crashReport()
  }

  /** Replaces all instances. */
  async renew(): Promise<LeasedServerInfo> {
    return await this.#steps.answer(() => this.#current.startAnew())
  }

  // Two clusters cannot have one address in turn.
  async stepAside(): Promise<LeasedServerInfo> {
    return await this.renew()
  }

  async comeBack(): Promise<LeasedServerInfo> {
    return this.info()
  }

  async makeFault(fault: Fault, places: readonly LinkPlace[] = [], isUndo = false): Promise<void> {
    if (!this.#options.links) throw noLinks(`cluster '${this.name}'`, 'links: true in the config of the server')
    const wanted = places.length > 0 ? places : [{ to: this.#current.standsFor }]
    await this.#cluster.makeFault(fault, wanted, { settles: isUndo })
  }

  leaseEnded(): void {
    this.#current.leaseEnded()
    const { isolation, leaseUse } = this
    this.leaseUse = new LeaseUse()
    this.atTest({})
    this.#steps.run(() => this.#cluster.healLinks({ settles: true })).catch(() => {})
    if (isolation !== 'process' && isolation !== 'restart') return
    const step = async (): Promise<void> => {
      const { dirty } = await this.#cluster.ask('dirty', 0)
      if (dirty || leaseUse.isByHandle) await this.#current.startAnew()
      else this.#current.leasedBefore = false
    }
    this.#steps.run(step).catch(() => {})
  }

  atTest(running: RunningTest): void {
    for (const instance of this.#cluster.instances) instance.catchUpLog()
    this.#mark.running = running
  }

  trace(step: string): void {
    trace(step, `${this.#mark} `)
  }

  // A cluster is never held: its instances know each other by their addresses.
  async testFailed({ test, testFile, isNeeded }: FailedTest): Promise<FailedServer> {
    const about = { test, testFile, server: this.name }
    return await this.#steps.run(async () => {
      const kept = await this.#current.testFailed(about)
      if (isNeeded === undefined || this.#holding !== 'on-failure') return { kept }
      const reason = 'the instances of a cluster cannot move'
      // The run's directory is removed after the run.
      const data = kept ?? (await this.#current.keepData(about, placeOf(this.#options.root, this.#options.logger)))
      this.#held.miss({ about, reason, directory: 'directory' in data ? data.directory : undefined })
      return { kept: data, hold: { reason } }
    })
  }

  get #holding(): Holding {
    return this.#held.holdingOf(this.#options.hold)
  }

  async destroy(): Promise<void> {
    // At once, to end a start that is under way; and again, because a step may have begun another start.
    await this.#current.end()
    await this.#steps.settled()
    await this.#current.end()
  }

  info(): LeasedServerInfo {
    return clusterInfo(this.#cluster, this.#facts)
  }

  get #main(): ServerActions {
    return this.cluster.member(this.#cluster.connect)
  }

  get #cluster(): AnyCluster {
    return this.#current.cluster
  }

  get #facts(): ClusterFacts {
    return { ...this.#current.facts, name: this.name, options: this.#options, holding: this.#holding }
  }

  #requests(): ClusterRequests {
    const current = this.#current
    const context: ClusterContext = {
      name: this.name,
      get cluster() {
        return current.cluster
      },
      run: step => this.#steps.run(step),
      disturb: () => current.disturb(),
      // The instance that `connect` names is the server itself, which knows its cluster.
      infoOf: member =>
        member === this.#cluster.connect ? this.info() : memberInfo(this.#cluster, member, this.#facts),
      ask: (operation, keep) => this.#ask(operation, keep),
      noteLeader: member => current.noteLeader(member),
    }
    return new ClusterRequests(context)
  }

  async #ask(operation: AgentOperation, keep: number): Promise<ClusterReply> {
    return await this.#steps.run(async () => {
      const { reply, hasNewProcesses } = await this.#current.ask(operation, keep)
      return hasNewProcesses ? { ...reply, info: this.info() } : reply
    })
  }
}
