import { dirname } from 'node:path'
import { TarantoolCluster } from '../cluster/cluster.ts'
import type { ClusterState } from '../cluster/life.ts'
import type { ClusterConfig, ConfigOverlay } from '../config/application-options.ts'
import type { ResolvedServer } from '../config/fixture-config.ts'
import type { Isolation } from '../config/isolation.ts'
import type { ResolvedApplication } from '../config/resolve-application.ts'
import { NotRunningError } from '../errors.ts'
import { pruneKept } from '../instance/kept/directories.ts'
import type { KeptFor } from '../instance/kept/keep.ts'
import { placeOf } from '../instance/place/place.ts'
import type { Death } from '../isolation/server.ts'
import type { Fault, LinkPlace } from '../link/fault.ts'
import { noLinks } from '../link/no-links.ts'
import { isTraced, stopwatch, trace } from '../trace.ts'
import { ClusterMember } from './cluster-member.ts'
import type { HeldServers } from './hold/held-servers.ts'
import type { Holding } from './hold/holding.ts'
import { keeps } from './instance-maker.ts'
import type { ClusterActions, FailedTest, LeasableServer, PoolContext, ServerActions } from './leasable-server.ts'
import { LeaseUse } from './lease-use.ts'
import { liveLogger } from './live-log.ts'
import type { FailedServer, KeptData, LeasedServerInfo } from './messages.ts'
import { infoOf } from './server-info.ts'
import { type RunningTest, ServerMark } from './server-mark.ts'
import { ServerSteps } from './server-steps.ts'

/** The options of a server that is an application. */
export type ResolvedClusterServer = ResolvedServer & { readonly application: ResolvedApplication }

/**
 * A cluster of a pool. Requests of its lease act on the instance that the option `connect` names, and those of its members
 * on these. A cluster cannot be reset in place, so `renew` replaces all instances together.
 */
export class PooledCluster implements LeasableServer, ClusterActions {
  readonly name: string
  slot: number
  leaseUse: LeaseUse = new LeaseUse()
  readonly #options: ResolvedClusterServer
  readonly #mark: ServerMark
  readonly #root: string
  readonly #held: HeldServers
  readonly #steps = new ServerSteps(
    () => this.#mustNotBeEnded(),
    () => this.info(),
  )
  #cluster: TarantoolCluster
  /** The number of starts of the whole cluster, and of those of its instances. */
  #generation = 0
  #beganEmpty = true
  #leasedBefore = false
  /** A test stopped or signalled an instance, or changed the config. */
  #isDisturbed = false
  #testFailed = false
  #isEnded = false

  constructor(name: string, slot: number, options: ResolvedClusterServer, { root, held }: PoolContext) {
    this.name = name
    this.slot = slot
    this.#options = options
    this.#mark = new ServerMark(name, slot)
    this.#root = root
    this.#held = held
    this.#cluster = this.#make()
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

  get cluster(): ClusterActions {
    return this
  }

  prestart(): void {
    this.#steps.prestart(() => this.#startAnew())
  }

  async ensure(): Promise<LeasedServerInfo> {
    return await this.#steps.ensure(async () => {
      const { state } = this.#cluster
      const isWhole =
        state === 'running' && this.#cluster.instances.every(name => this.#cluster.instance(name).isRunning)
      if (!isWhole || this.#isDisturbed) await this.#startAnew()
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

  async changes(): Promise<{ changed: boolean; clients: boolean }> {
    return await this.#steps.run(async () => {
      const { wrote, clients } = await this.#cluster.changes()
      return { changed: wrote || this.#isDisturbed, clients }
    })
  }

  async leader(replicaset?: string): Promise<string> {
    const leader = await this.#cluster.leader(replicaset)
    return this.#cluster.instances.find(name => this.#cluster.instance(name) === leader) ?? ''
  }

  async reload(config?: string | ClusterConfig): Promise<void> {
    await this.#disturb(() => this.#cluster.reload(config))
  }

  async set(overlay: ConfigOverlay): Promise<void> {
    await this.#disturb(() => this.#cluster.set(overlay))
  }

  member(name: string): ServerActions {
    const instance = this.#cluster.instance(name)
    return new ClusterMember(instance, {
      run: step => this.#steps.run(step),
      disturb: () => {
        this.#isDisturbed = true
        this.#generation++
        this.#beganEmpty = false
      },
      // The instance that `connect` names is the server itself, which knows its cluster.
      info: () => (name === this.#cluster.connect ? this.info() : this.#infoOf(name)),
    })
  }

  async makeFault(fault: Fault, place?: LinkPlace): Promise<void> {
    if (!this.#options.links) throw noLinks(`cluster '${this.name}'`, 'links: true in the config of the server')
    await this.#cluster.makeFault(fault, place ?? { to: this.#cluster.connect })
  }

  leaseEnded(): void {
    this.#leasedBefore = true
    const { isolation, leaseUse } = this
    this.leaseUse = new LeaseUse()
    this.atTest({})
    this.#cluster.healLinks().catch(() => {})
    if (isolation !== 'process' && isolation !== 'restart') return
    const step = async (): Promise<void> => {
      const { wrote, clients } = await this.#cluster.changes()
      if (wrote || clients || leaseUse.isByHandle || this.#isDisturbed) await this.#startAnew()
      else this.#leasedBefore = false
    }
    this.#steps.run(step).catch(() => {})
  }

  atTest(running: RunningTest): void {
    for (const name of this.#cluster.instances) this.#cluster.instance(name).catchUpLog()
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
    try {
      const directory = await this.#cluster.keepData(about, place)
      await pruneKept(dirname(directory))
      return { directory }
    } catch (error) {
      return { reason: (error as Error).message.split('\n')[0] ?? '' }
    }
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
    const { instances, replicasets } = this.#cluster
    const connect = this.#cluster.connect
    const members = instances.filter(name => name !== connect).map(name => this.#infoOf(name))
    return { ...this.#infoOf(connect), cluster: { connect, instances, replicasets, members } }
  }

  get #main(): ServerActions {
    return this.member(this.#cluster.connect)
  }

  #infoOf(member: string): LeasedServerInfo {
    const isMain = member === this.#cluster.connect
    return {
      ...infoOf(this.#cluster.instance(member)),
      name: isMain ? this.name : member,
      isolation: isMain ? this.isolation : 'none',
      strict: false,
      records: isMain,
      generation: this.#generation,
      beganEmpty: this.#beganEmpty,
      leasedBefore: isMain && this.#leasedBefore,
      aside: false,
      isLive: this.#options.log === 'live' || isTraced(),
      isTraced: isTraced(),
      keepsOnFailure: this.#options.keep === 'on-failure',
      holding: isMain ? this.#holding : 'never',
      showsChanges: false,
      ...(!isMain && { memberOf: this.name }),
    }
  }

  #make(): TarantoolCluster {
    const { application, ...shared } = this.#options
    // The run's directory is removed after the run, so a directory that may be kept is made elsewhere.
    const root = shared.root ?? (keeps(this.#options) ? undefined : this.#root)
    const logger = shared.log === 'live' ? liveLogger(this.#mark, shared.logger) : shared.logger
    return TarantoolCluster.of({
      application,
      shared: { ...shared, root, logger, trace: step => this.trace(step) },
    })
  }

  async #startAnew(): Promise<void> {
    this.#mustNotBeEnded()
    const time = stopwatch()
    await this.#cluster.kill({ cleanup: false })
    // A start with empty directories would remove the files that are kept for the failed test.
    if (this.#testFailed && this.#options.keep === 'on-failure') await this.#leaveDirectory()
    this.#testFailed = false
    this.#generation++
    this.#beganEmpty = true
    await this.#cluster.start({ recreate: true })
    this.#leasedBefore = false
    this.#isDisturbed = false
    this.trace(`all ${this.#cluster.instances.length} instances started in ${time()}`)
  }

  async #leaveDirectory(): Promise<void> {
    const former = this.#cluster
    this.#cluster = former.successor()
    await former.stop()
  }

  async #disturb(step: () => Promise<void>): Promise<void> {
    await this.#steps.run(async () => {
      this.#isDisturbed = true
      await step()
    })
  }

  #mustNotBeEnded(): void {
    if (this.#isEnded) throw new NotRunningError(`the cluster '${this.name}' was ended with the test run`)
  }
}
