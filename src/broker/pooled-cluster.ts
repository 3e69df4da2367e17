import type { AnyCluster } from '../cluster/any-cluster.ts'
import type { ClusterState } from '../cluster/life.ts'
import type { Isolation } from '../config/isolation.ts'
import { NotRunningError } from '../errors.ts'
import type { KeptFor } from '../instance/kept/keep.ts'
import { placeOf } from '../instance/place/place.ts'
import type { AgentOperation, Death } from '../isolation/server.ts'
import type { Fault, LinkPlace } from '../link/fault.ts'
import { noLinks } from '../link/no-links.ts'
import { stopwatch, trace } from '../trace.ts'
import { type ClusterFacts, clusterInfo, memberInfo } from './cluster-info.ts'
import { makeCluster, type ResolvedClusterServer } from './cluster-maker.ts'
import { type ClusterContext, ClusterRequests } from './cluster-requests.ts'
import type { HeldServers } from './hold/held-servers.ts'
import type { Holding } from './hold/holding.ts'
import { keepForTest } from './kept-data.ts'
import type { ClusterActions, FailedTest, LeasableServer, PoolContext, ServerActions } from './leasable-server.ts'
import { LeaseUse } from './lease-use.ts'
import type { ClusterReply, FailedServer, KeptData, LeasedServerInfo } from './messages.ts'
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
  readonly #steps = new ServerSteps(
    () => this.#mustNotBeEnded(),
    () => this.info(),
  )
  readonly cluster: ClusterActions
  #cluster: AnyCluster
  /** The latest leader that is known, if the server is a replica set. */
  #leader: string | undefined
  /** The number of starts of the whole cluster. */
  #generation = 0
  #leasedBefore = false
  /** A test stopped or signalled an instance. */
  #isTouched = false
  #testFailed = false
  #isEnded = false

  constructor(name: string, slot: number, options: ResolvedClusterServer, { root, held }: PoolContext) {
    this.name = name
    this.slot = slot
    this.#options = options
    this.#mark = new ServerMark(name, slot)
    this.#held = held
    this.#cluster = makeCluster(options, { root, mark: this.#mark, trace: step => this.trace(step) })
    this.cluster = this.#requests()
  }

  get isolation(): Isolation {
    return this.#options.isolation
  }

  get isBegun(): boolean {
    return this.#generation > 0 || this.#steps.isPrestarted
  }

  get state(): ClusterState {
    return this.#cluster.state
  }

  prestart(): void {
    this.#steps.prestart(() => this.#startAnew())
  }

  async ensure(): Promise<LeasedServerInfo> {
    return await this.#steps.ensure(async () => {
      if (this.#cluster.state !== 'running' || !(await this.#hasItsMembers())) await this.#startAnew()
      else await this.#bringUp()
    })
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
    return await this.#steps.answer(() => this.#startAnew())
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
    const wanted = places.length > 0 ? places : [{ to: this.#leader ?? this.#cluster.connect }]
    await this.#cluster.makeFault(fault, wanted, { settles: isUndo })
  }

  leaseEnded(): void {
    this.#leasedBefore = true
    const { isolation, leaseUse } = this
    this.leaseUse = new LeaseUse()
    this.atTest({})
    this.#steps.run(() => this.#cluster.healLinks({ settles: true })).catch(() => {})
    if (isolation !== 'process' && isolation !== 'restart') return
    const step = async (): Promise<void> => {
      const { dirty } = await this.#cluster.ask('dirty', 0)
      if (dirty || leaseUse.isByHandle) await this.#startAnew()
      else this.#leasedBefore = false
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
      const kept = this.#options.keep === 'on-failure' ? await this.#keepData(about) : undefined
      if (kept && 'reason' in kept) this.#keepDirectories()
      if (isNeeded === undefined || this.#holding !== 'on-failure') return { kept }
      const reason = 'the instances of a cluster cannot move'
      // The run's directory is removed after the run.
      const data = kept ?? (await this.#keepData(about, placeOf(this.#options.root, this.#options.logger)))
      this.#held.miss({ about, reason, directory: 'directory' in data ? data.directory : undefined })
      return { kept: data, hold: { reason } }
    })
  }

  async #keepData(about: KeptFor, place?: string): Promise<KeptData> {
    return await keepForTest(() => this.#cluster.keepData(about, place))
  }

  // They have the data that the cluster ends with.
  #keepDirectories(): void {
    this.#testFailed = true
    this.#cluster.markFailed()
  }

  get #holding(): Holding {
    return this.#held.holdingOf(this.#options.hold)
  }

  async destroy(): Promise<void> {
    this.#isEnded = true
    // At once, to end a start that is under way; and again, because a step may have begun another start.
    await this.#cluster.stop()
    await this.#steps.settled()
    await this.#cluster.stop()
  }

  info(): LeasedServerInfo {
    return clusterInfo(this.#cluster, this.#facts)
  }

  get #main(): ServerActions {
    return this.cluster.member(this.#cluster.connect)
  }

  get #facts(): ClusterFacts {
    return {
      ...{ name: this.name, options: this.#options, holding: this.#holding, leader: this.#leader },
      ...{ generation: this.#generation, leasedBefore: this.#leasedBefore },
    }
  }

  #requests(): ClusterRequests {
    const cluster = (): AnyCluster => this.#cluster
    const context: ClusterContext = {
      name: this.name,
      get cluster() {
        return cluster()
      },
      run: step => this.#steps.run(step),
      disturb: () => {
        this.#isTouched = true
      },
      // The instance that `connect` names is the server itself, which knows its cluster.
      infoOf: member =>
        member === this.#cluster.connect ? this.info() : memberInfo(this.#cluster, member, this.#facts),
      ask: (operation, keep) => this.#ask(operation, keep),
      noteLeader: member => this.#noteLeader(member),
    }
    return new ClusterRequests(context)
  }

  async #ask(operation: AgentOperation, keep: number): Promise<ClusterReply> {
    return await this.#steps.run(async () => {
      const pids = this.#pids()
      this.#resume()
      const reply = await this.#cluster.ask(operation, keep)
      if (this.#pids() === pids) return reply
      await this.#findLeader()
      return { ...reply, info: this.info() }
    })
  }

  // The handle of an application stands for the instance that `connect` names, whoever leads.
  #noteLeader(member: string): void {
    if (this.#options.replicaSet) this.#leader = member
  }

  async #findLeader(): Promise<void> {
    if (!this.#options.replicaSet) return
    // A set may have no leader now. The next request to it says so.
    await this.cluster.leader().catch(() => this.#noteLeader(this.#cluster.connect))
  }

  // The next reset gives new processes to the instances that start here.
  async #bringUp(): Promise<void> {
    this.#resume()
    const ended = this.#cluster.instances.filter(({ isRunning }) => !isRunning)
    try {
      await Promise.all(ended.map(instance => instance.start({ recreate: false })))
      await this.#findLeader()
    } catch {
      await this.#startAnew()
    }
  }

  // Other members may be left of the last test of the former lease.
  async #hasItsMembers(): Promise<boolean> {
    if (!this.#cluster.hasOtherMembers) return true
    if (this.isolation !== 'reset') return false
    this.#resume()
    return (await this.#cluster.ask('rewind', 0)).lost === undefined
  }

  #pids(): string {
    return this.#cluster.instances.map(({ pid }) => pid).join(' ')
  }

  #resume(): void {
    if (this.#isTouched) this.#cluster.resume()
    this.#isTouched = false
  }

  async #startAnew(): Promise<void> {
    this.#mustNotBeEnded()
    const time = stopwatch()
    await this.#cluster.kill({ cleanup: false })
    // A start with empty directories would remove the files that are kept for the failed test.
    if (this.#testFailed && this.#options.keep === 'on-failure') await this.#leaveDirectory()
    this.#testFailed = false
    this.#generation++
    await this.#cluster.start({ recreate: true })
    await this.#findLeader()
    this.#leasedBefore = false
    this.#isTouched = false
    this.trace(`all ${this.#cluster.instances.length} instances started in ${time()}`)
  }

  async #leaveDirectory(): Promise<void> {
    const former = this.#cluster
    this.#cluster = former.successor()
    await former.stop()
  }

  #mustNotBeEnded(): void {
    if (this.#isEnded) throw new NotRunningError(`the cluster '${this.name}' was ended with the test run`)
  }
}
