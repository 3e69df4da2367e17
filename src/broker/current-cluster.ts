import type { AnyCluster } from '../cluster/any-cluster.ts'
import { NotRunningError } from '../errors.ts'
import type { KeptFor } from '../instance/kept/keep.ts'
import type { AgentOperation, AgentReply } from '../isolation/server.ts'
import { stopwatch, type Trace } from '../trace.ts'
import type { ClusterFacts } from './cluster-info.ts'
import { type ClusterPlace, makeCluster, type ResolvedClusterServer } from './cluster-maker.ts'
import type { KeptData } from './failed-server.ts'
import { keepForTest } from './kept-data.ts'

/** The reply of all instances. `hasNewProcesses`: instances got new processes meanwhile. */
interface ReplyOfAll {
  readonly reply: AgentReply
  readonly hasNewProcesses: boolean
}

/** The cluster that has the addresses of a pooled server now, and what the broker knows about that cluster. */
export class CurrentCluster {
  /** A lease has used the cluster since the cluster was new or reset. */
  leasedBefore = false
  /** A lease has ended, and no other has begun. */
  #isBetweenLeases = false
  readonly #name: string
  readonly #options: ResolvedClusterServer
  readonly #trace: Trace
  #cluster: AnyCluster
  /** The latest leader that is known, if the server is a replica set. */
  #leader: string | undefined
  /** The number of starts of the whole cluster. */
  #generation = 0
  /** A test stopped or signalled an instance. */
  #isTouched = false
  #testFailed = false
  #isEnded = false

  constructor(name: string, options: ResolvedClusterServer, place: ClusterPlace) {
    this.#name = name
    this.#options = options
    this.#trace = place.trace
    this.#cluster = makeCluster(options, place)
  }

  /** Another one takes its place when its directory is kept. */
  get cluster(): AnyCluster {
    return this.#cluster
  }

  get facts(): Pick<ClusterFacts, 'generation' | 'leasedBefore' | 'leader'> {
    return { generation: this.#generation, leasedBefore: this.leasedBefore, leader: this.#leader }
  }

  /** The instance that the handle stands for: the latest leader of a replica set, else the one that `connect` names. */
  get standsFor(): string {
    return this.#leader ?? this.#cluster.connect
  }

  /** True if a start was begun, however that start ended. */
  get isBegun(): boolean {
    return this.#generation > 0
  }

  /** @throws NotRunningError after `end` */
  mustNotBeEnded(): void {
    if (this.#isEnded) throw new NotRunningError(`the cluster '${this.#name}' was ended with the test run`)
  }

  /** Notes that a test's request changes the process of an instance. */
  disturb(): void {
    this.#isTouched = true
  }

  /** Notes the leader. The handle of an application stands for the instance that `connect` names, whoever leads. */
  noteLeader(member: string): void {
    if (this.#options.replicaSet) this.#leader = member
  }

  /** Notes that a lease has ended. The next one finds the members that the cluster began with. */
  leaseEnded(): void {
    this.leasedBefore = true
    this.#isBetweenLeases = true
  }

  /** Makes all instances run. Paused instances are resumed. A lease that begins gets the members that the cluster began with. */
  async bringUp(): Promise<void> {
    const mayHaveOthers = this.#isBetweenLeases
    this.#isBetweenLeases = false
    if (this.#cluster.state !== 'running') return await this.startAnew()
    if (mayHaveOthers && !(await this.#hasItsMembers())) return await this.startAnew()
    this.#resume()
    // The next reset gives new processes to the instances that start here.
    const ended = this.#cluster.instances.filter(({ isRunning }) => !isRunning)
    try {
      await Promise.all(ended.map(instance => instance.start({ recreate: false })))
      // A reset may have to bring a leader back first.
      await this.#findLeader({ waits: false })
    } catch {
      await this.startAnew()
    }
  }

  /** Gives all instances new processes and empty directories, or those of a template. */
  async startAnew(): Promise<void> {
    this.mustNotBeEnded()
    const time = stopwatch()
    await this.#cluster.kill({ cleanup: false })
    // A start with empty directories would remove the files that are kept for the failed test.
    if (this.#testFailed && this.#options.keep === 'on-failure') await this.#leaveDirectory()
    this.#testFailed = false
    this.#generation++
    await this.#cluster.start({ recreate: true })
    await this.#findLeader()
    this.leasedBefore = false
    this.#isTouched = false
    this.#trace(`all ${this.#cluster.instances.length} instances started in ${time()}`)
  }

  /** Asks all instances for an operation of the agent. Paused instances are resumed. */
  async ask(operation: AgentOperation, keep: number): Promise<ReplyOfAll> {
    const pids = this.#pids()
    this.#resume()
    const reply = await this.#cluster.ask(operation, keep)
    const hasNewProcesses = this.#pids() !== pids
    if (hasNewProcesses) await this.#findLeader()
    return { reply, hasNewProcesses }
  }

  /**
   * Notes that a test that had the cluster failed. With `keep: 'on-failure'`, the data is kept as it is now. If the
   * instances cannot write it, their own directories stay, with the data that the cluster ends with.
   */
  async testFailed(about: KeptFor): Promise<KeptData | undefined> {
    const kept = this.#options.keep === 'on-failure' ? await this.keepData(about) : undefined
    if (kept && 'reason' in kept) {
      this.#testFailed = true
      this.#cluster.markFailed()
    }
    return kept
  }

  /**
   * Keeps the data as it is now, for a person who opens it later.
   *
   * @param place the parent of the new directory. Default: that of the cluster's directory
   */
  async keepData(about: KeptFor, place?: string): Promise<KeptData> {
    return await keepForTest(() => this.#cluster.keepData(about, place))
  }

  /** Ends all instances, also during their start. They do not start again. */
  async end(): Promise<void> {
    this.#isEnded = true
    await this.#cluster.stop()
  }

  // Other members may be left of the last test of the former lease.
  async #hasItsMembers(): Promise<boolean> {
    if (!this.#cluster.hasMembersOfTests) return true
    if (this.#options.isolation !== 'reset') return false
    this.#resume()
    return (await this.#cluster.ask('rewind', 0)).lost === undefined
  }

  async #findLeader({ waits = true } = {}): Promise<void> {
    if (!this.#options.replicaSet) return
    const found = waits ? this.#cluster.leader() : this.#cluster.waitForLeader({ timeout: 1 })
    // A set may have no leader now. The next request to it says so.
    const leader = await found.catch(() => undefined)
    this.noteLeader(leader?.name ?? this.#cluster.connect)
  }

  #resume(): void {
    if (this.#isTouched) this.#cluster.resume()
    this.#isTouched = false
  }

  #pids(): string {
    return this.#cluster.instances.map(({ pid }) => pid).join(' ')
  }

  async #leaveDirectory(): Promise<void> {
    const former = this.#cluster
    this.#cluster = former.successor()
    await former.stop()
  }
}
