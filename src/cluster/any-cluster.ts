import { NotRunningError, PortTakenError, StartAbortedError, StartTimeoutError } from '../errors.ts'
import { processActs } from '../instance/fault-acts.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { KeptFor } from '../instance/kept/keep.ts'
import { newDirectoryPath } from '../instance/place/directory.ts'
import { placeOf } from '../instance/place/place.ts'
import { untilFree } from '../instance/place/port-wait.ts'
import { notRecording } from '../isolation/failures.ts'
import type { AgentOperation, AgentReply } from '../isolation/server.ts'
import type { Fault, Link, LinkPlace } from '../link/fault.ts'
import { type CodeUnderFaults, type FaultActs, FaultSequence } from '../link/fault-sequence.ts'
import { noLinks } from '../link/no-links.ts'
import { allPlaces } from '../link/pairs.ts'
import type { FaultsOptions } from '../link/planned-faults.ts'
import { severalSets, unknownName } from './failure.ts'
import { ClusterInstances, type CopyInto } from './instances.ts'
import { keepCluster } from './keep.ts'
import { findLeader } from './leaders.ts'
import { ClusterLife, type ClusterState } from './life.ts'
import { ClusterLinks } from './links.ts'
import type { ClusterPlan, ClusterPorts } from './plan.ts'
import { ClusterReset } from './reset/cluster-reset.ts'
import type { ClusterSource } from './source.ts'
import { ClusterStart } from './start.ts'
import { noLeaderYet, waitForClock, waitForMesh } from './waits.ts'

// In milliseconds. Replication begins again after the replication timeout, which is 1 s by default.
const longestSettling = 5000

/** The instances that a cluster has from its first start on. */
interface Made {
  readonly plan: ClusterPlan
  readonly instances: ClusterInstances
}

const isActive = ({ isRunning, process }: TarantoolInstance): boolean => isRunning && process?.isPaused !== true

/** The addresses of a cluster, for the cluster that takes its place. */
export interface ClusterAddresses {
  readonly ports: ClusterPorts | undefined
  readonly links: ClusterLinks | undefined
}

/** Options of `waitForLeader`. */
export interface LeaderWait {
  /** The former leader, or its name. It does not count. Default: none. */
  not?: TarantoolInstance | string | undefined
  /** The name of the replica set. Default: that of `not`, else the only one. */
  replicaset?: string | undefined
  /** In milliseconds. Default: the option `timeout`. */
  timeout?: number | undefined
}

/** Options of `waitForFullMesh`. */
export interface MeshWait {
  /** In milliseconds. Default: the option `timeout`. */
  timeout?: number | undefined
  /** Leaves out instances that do not run, or are paused. Default false. */
  onlyRunning?: boolean | undefined
}

/**
 * Several instances that know each other, from start to end: the instances of a config (`TarantoolCluster`), or a replica
 * set without a config (`TarantoolReplicaSet`). They end with the Node process that created the cluster, and leave no
 * files behind.
 */
export abstract class AnyCluster implements AsyncDisposable {
  readonly #directory: string
  readonly #source: ClusterSource
  /** The ports of a cluster whose place this one takes. */
  readonly #ports: ClusterPorts | undefined
  /** Set with the option `links`. */
  readonly #links: ClusterLinks | undefined
  #ownsLinks = true
  #made: Made | undefined
  /** Set from the end of a start on. */
  #reset: ClusterReset | undefined
  readonly #life = new ClusterLife()
  /** Instances were paused. They may not replicate with the others yet. */
  #isResumed = false
  /** The number of faults of links after which the instances replicated with each other. */
  #linkChanges = 0
  #addressesAreKnown: boolean
  #markedFailed = false

  /** @internal */
  protected constructor(source: ClusterSource, { ports, links }: Partial<ClusterAddresses> = {}) {
    this.#source = source
    this.#ports = ports
    this.#addressesAreKnown = ports !== undefined
    const { root, logger } = source.shared
    this.#links = links ?? (source.shared.links ? new ClusterLinks() : undefined)
    this.#directory = newDirectoryPath(placeOf(root, logger))
  }

  /** The state of the cluster. An instance that was stopped or has died does not change the state. */
  get state(): ClusterState {
    return this.#life.state
  }

  /** The directory of the cluster, with a directory for each instance. It exists from the first start to the stop. */
  get directory(): string {
    return this.#directory
  }

  /** The instances, sorted by their names. @throws NotRunningError before the first start */
  get instances(): TarantoolInstance[] {
    return this.#started().instances.all
  }

  /**
   * The names of the instances, sorted.
   *
   * @internal
   */
  get names(): string[] {
    return [...this.#started().instances.byName.keys()]
  }

  /** The name of the instance that the option `connect` names. @throws NotRunningError before the first start */
  get connect(): string {
    return this.#started().plan.members.connect.name
  }

  /** The names of the instances by replica set. @throws NotRunningError before the first start */
  get replicasets(): Record<string, string[]> {
    const sets = Object.entries(this.#started().instances.replicasets)
    return Object.fromEntries(sets.map(([name, members]) => [name, [...members]]))
  }

  /**
   * An instance of the cluster. It has every method of a `TarantoolInstance`: `call`, `stop`, `kill`, `restart`.
   *
   * @param name of the instance. Default: the instance that the option `connect` names, or the leader that a replica set
   *   begins with.
   * @throws UnknownServerError; NotRunningError before the first start
   */
  instance(name?: string): TarantoolInstance {
    const { byName } = this.#started().instances
    const wanted = name ?? this.connect
    const found = byName.get(wanted)
    if (found) return found
    throw unknownName('instance', wanted, [...byName.keys()])
  }

  /**
   * The writable instance of a replica set. Waits for an election that is under way, for the option `timeout`.
   *
   * @param replicaset its name. Default: the only replica set.
   * @throws ClusterConfigError if no instance is writable; UnknownServerError
   */
  async leader(replicaset?: string): Promise<TarantoolInstance> {
    const { instances } = this.#started()
    const wanted = this.#nameOfSet(replicaset)
    const members = instances.ofSet(wanted)
    const leader = await findLeader([...members.values()], this.#source.shared.timeout)
    if (leader) return leader
    throw this.#source.noLeader(wanted, members)
  }

  /**
   * Waits for a writable instance of a replica set, for example after the leader was killed.
   *
   * @param options `not`: the former leader, or its name, which does not count; `replicaset`: its name, by default the only
   *   one; `timeout` in milliseconds, by default the option `timeout`
   * @throws ReplicationError, which says which members do not run; UnknownServerError
   * @example
   * const cluster = await new TarantoolReplicaSet({ replicas: 3, failover: 'election' }).start()
   * const former = await cluster.leader()
   * await former.kill({ cleanup: false })
   * const leader = await cluster.waitForLeader({ not: former })
   */
  async waitForLeader({
    not,
    replicaset,
    timeout = this.#source.shared.timeout,
  }: LeaderWait = {}): Promise<TarantoolInstance> {
    const { instances } = this.#started()
    const former = typeof not === 'string' ? this.instance(not) : not
    const wanted = this.#nameOfSet(replicaset ?? (former && instances.replicasetOf(former)))
    const members = instances.ofSet(wanted)
    const leader = await findLeader([...members.values()], timeout, { not: former, waits: true })
    if (leader) return leader
    throw noLeaderYet(wanted, { members, timeout, not: former && instances.nameOf(former) })
  }

  /**
   * Waits until all instances run, and replicate in both directions with each other instance of their replica set.
   *
   * @param options `timeout` in milliseconds, by default the option `timeout`; `onlyRunning`: leaves out instances that
   *   do not run, or are paused. Default false.
   * @throws ReplicationError, which says what is missing
   */
  async waitForFullMesh({ timeout = this.#source.shared.timeout, onlyRunning = false }: MeshWait = {}): Promise<void> {
    const { instances } = this.#started()
    for (const name of Object.keys(instances.replicasets)) {
      const members = [...instances.ofSet(name)].filter(([, member]) => isActive(member) || !onlyRunning)
      await waitForMesh(new Map(members), name, timeout)
    }
  }

  /**
   * Waits until the other running instances of a replica set have all the data that one instance has now.
   *
   * @param of the instance, or its name. Default: the leader of the only replica set.
   * @param options `timeout` in milliseconds, by default the option `timeout`
   * @throws ReplicationError, which says which instance is behind; UnknownServerError
   */
  async waitForVclock(
    of?: TarantoolInstance | string,
    { timeout = this.#source.shared.timeout }: { timeout?: number | undefined } = {},
  ): Promise<void> {
    const { instances } = this.#started()
    const instance = typeof of === 'string' ? this.instance(of) : (of ?? (await this.leader()))
    await waitForClock(instance, instances.ofSet(instances.replicasetOf(instance) ?? ''), timeout)
  }

  /**
   * The link from an instance to another: the connections that the first opens to the second. A pair of instances has two
   * links. Needs the option `links`. The link before an address that tests use is `cluster.instance('a').link`.
   *
   * @param from an instance, or its name
   * @param to an instance, or its name
   * @throws InvalidOptionError without the option `links`, and if there is no such link; NotRunningError before the first
   *   start
   * @example
   * const cluster = await new TarantoolReplicaSet({ replicas: 3, links: true }).start()
   * await cluster.link('replica-2', 'replica-1').cut()
   */
  link(from: TarantoolInstance | string, to: TarantoolInstance | string): Link {
    const { links, names } = this.#linked()
    return links.between(this.#nameOf(from), this.#nameOf(to), names).link
  }

  /**
   * Cuts the links between groups of instances, in both directions. Instances in one group reach each other, and an instance in
   * no group reaches all. Ends with `heal()`. Needs the option `links`.
   *
   * @throws InvalidOptionError without the option `links`, and for an instance that is unknown or in two groups
   * @example
   * const cluster = await new TarantoolReplicaSet({ replicas: 3, links: true }).start()
   * await cluster.partition(['replica-1'], ['replica-2', 'replica-3'])
   * await cluster.heal()
   */
  async partition(...groups: readonly (readonly (TarantoolInstance | string)[])[]): Promise<void> {
    const { links, names } = this.#linked()
    const byName = groups.map(group => (Array.isArray(group) ? group.map(member => this.#nameOf(member)) : group))
    await links.partition(byName as string[][], names)
  }

  /**
   * Ends the faults of all links: those between the instances, and those before their addresses. Needs the option `links`.
   *
   * @throws InvalidOptionError without the option `links`
   */
  async heal(): Promise<void> {
    await this.#linked().links.heal()
  }

  /**
   * Makes faults while code runs: kills and starts instances, pauses them, and cuts and delays links, also those before
   * the addresses. One fault holds at a time. When the code ends, all instances run, and all links of the sequence are
   * healed. A seed determines the sequence.
   *
   * @param options `seed`: the same seed gives the same sequence, by default a random one; `kinds`: `kill`, `pause`, and
   *   with the option `links` also `cut` and `delay`; `longest`: the longest duration of a fault, and of the time between
   *   two, by default 200 ms; `longestDelay`: the longest delay of a link, by default 50 ms
   * @param code may be asynchronous. It gets the seed, and a list of the faults so far
   * @throws the error of the code, with the seed and the faults in its message; InvalidOptionError; the errors of a start
   * @example
   * const cluster = await new TarantoolReplicaSet({ replicas: 3, failover: 'election', links: true }).start()
   * await cluster.faults({ seed: 42 }, async () => {
   *   // use a client that has to cope with the faults
   * })
   */
  async faults<Result>(options: FaultsOptions, code: CodeUnderFaults<Result>): Promise<Result> {
    const names = this.names
    const acts: FaultActs = {
      instances: names,
      links: this.#links ? allPlaces(names) : [],
      ...processActs(name => this.instance(name)),
      make: async (fault, place) => await this.makeFault(fault, place ? [place] : [], { settles: false }),
    }
    return await new FaultSequence(acts, options).during(code)
  }

  /**
   * Makes a fault of some links.
   *
   * @internal
   * @param options `settles`: waits until the instances replicate with each other again
   * @throws InvalidOptionError, UnknownServerError if there is no such link
   */
  async makeFault(fault: Fault, places: readonly LinkPlace[], { settles }: { settles: boolean }): Promise<void> {
    const { links, names } = this.#linked()
    const fronts = places.map(({ from, to }) => {
      if (from !== undefined) return links.between(from, to, names)
      if (names.includes(to)) return links.frontOf(to)
      throw unknownName('instance', to, names)
    })
    await Promise.all(fronts.map(front => front.make(fault)))
    if (settles) await this.#settleLinks()
  }

  /**
   * Ends the faults of all links, if there are links.
   *
   * @internal
   * @param options `settles`: waits until the instances replicate with each other again
   */
  async healLinks({ settles }: { settles: boolean }): Promise<void> {
    if ((await this.#links?.heal()) && settles) await this.#settleLinks()
  }

  /**
   * Starts all instances at once, and waits until each is ready: its config is applied, it runs and replicates with the
   * others, each replica set has a writable leader, and the option `ready` holds. Then the seed runs, unless the cluster
   * starts from a template. An instance that fails takes the others down. Faults of links between the instances hold when
   * the start has ended.
   *
   * @param options `recreate: false` finds the data of an earlier start. Default true: all instances begin empty, or with
   *   the data of a template.
   * @throws ClusterConfigError with Tarantool's own message; InitScriptError, PortTakenError, ServerExitedError,
   *   SeedError, StartTimeoutError after `timeout`; UnsupportedVersionError before Tarantool 3.0. After an error no instance runs
   */
  async start({ recreate = true }: { recreate?: boolean } = {}): Promise<this> {
    await this.#life.start(signal => this.#start(recreate, signal))
    return this
  }

  /**
   * Starts all instances with data that a function copies into their directories, which are empty.
   *
   * @internal
   * @throws the errors of `start`, and those of the function
   */
  async startWith(copyInto: CopyInto): Promise<this> {
    await this.#life.start(signal => this.#start(false, signal, copyInto))
    return this
  }

  /**
   * Stops all instances: SIGTERM, then SIGKILL after `stopTimeout`.
   *
   * @param options `cleanup: false` keeps the directories for the next start
   */
  async stop({ cleanup = true }: { cleanup?: boolean } = {}): Promise<void> {
    await this.#end(instances => instances.stop(), cleanup)
  }

  /**
   * Ends all instances with SIGKILL.
   *
   * @param options `cleanup: false` keeps the directories for the next start
   */
  async kill({ cleanup = true }: { cleanup?: boolean } = {}): Promise<void> {
    await this.#end(instances => instances.kill(), cleanup)
  }

  /**
   * Stops all instances and starts them on the same addresses.
   *
   * @param options `recreate: true` starts with empty directories. Default false: the instances keep their data.
   * @throws the errors of `start`
   */
  async restart({ recreate = false }: { recreate?: boolean } = {}): Promise<this> {
    await this.stop({ cleanup: false })
    return await this.start({ recreate })
  }

  /**
   * Brings all instances back to their state after the start. Rows and schema are undone once per replica set, on a
   * writable instance, and have reached the others when the promise resolves. The cost grows with the number of changes. An
   * instance that was stopped, killed or restarted gets a new process from the template. A change that cannot be undone
   * in place costs a restart of the cluster with empty directories, on the same addresses. Needs `recordChanges: true`.
   *
   * @throws ResetError without `recordChanges`; NotRunningError; the errors of `start`
   * @example
   * const set = await new TarantoolReplicaSet({ replicas: 3, appLua: './app.lua', recordChanges: true }).start()
   * afterEach(() => set.reset())
   */
  async reset(): Promise<void> {
    this.running()
    if (!this.#source.shared.recordChanges) {
      throw notRecording(`the ${this.#source.title}`, 'Give it the option recordChanges: true.')
    }
    const { lost } = await this.ask('rewind', 0)
    if (lost !== undefined) await this.restart({ recreate: true })
  }

  /**
   * Asks all instances for an operation of the agent: fixtures/agent/isolation.
   *
   * @internal
   */
  async ask(operation: AgentOperation, keep: number): Promise<AgentReply> {
    const ask = async (): Promise<AgentReply> =>
      (await this.#reset?.ask(operation, keep)) ?? { lost: `the ${this.#source.title} does not run` }
    const onlyLooks = operation === 'dirty' || operation === 'digest' || operation === 'requests'
    if (onlyLooks) return await ask()
    if (!this.#links?.areFaulty) {
      if (!this.#isSettled) await this.#settleLinks()
      return await ask()
    }
    // The undo has to reach all instances, also those that a suite has separated.
    return await this.#links.withoutFaults(async () => {
      await this.#settleLinks()
      return await ask()
    })
  }

  /**
   * Resumes instances that are paused. Before a reset, they replicate with the others again.
   *
   * @internal
   */
  resume(): void {
    for (const { process } of this.instances) process?.sendSignal('SIGCONT')
    this.#isResumed = true
  }

  /**
   * Keeps the data of all instances as it is now, in a directory of its own. The cluster goes on.
   *
   * @internal
   * @param place the parent of the new directory. Default: that of the cluster's directory
   * @returns the path of the new directory
   * @throws NotRunningError before the first start; an error of the file system
   */
  async keepData(about: KeptFor, place?: string): Promise<string> {
    return await keepCluster(this.#started(), about, place)
  }

  /**
   * Makes another cluster, with other directories, that has the same addresses. This one must have ended when the other
   * one starts.
   *
   * @internal
   */
  abstract successor(): AnyCluster

  /** Makes `keep: 'on-failure'` keep the directories, after a failure that the cluster itself cannot see. */
  markFailed(): void {
    this.#markedFailed = true
  }

  /** Calls `stop()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // ---- Inside ----

  // A leader that has lost its connections may resign a little later.
  get #isSettled(): boolean {
    return !this.#isResumed && this.#linkChanges === (this.#links?.changes ?? 0)
  }

  // A test may have changed the replication itself.
  async #settleLinks(): Promise<void> {
    this.#isResumed = false
    this.#linkChanges = this.#links?.changes ?? 0
    await this.waitForFullMesh({ onlyRunning: true, timeout: longestSettling }).catch(() => {})
  }

  #linked(): { links: ClusterLinks; names: string[] } {
    if (!this.#links) throw noLinks(`the ${this.#source.title}`, 'links: true')
    return { links: this.#links, names: this.names }
  }

  #nameOf(instance: TarantoolInstance | string): string {
    return typeof instance === 'string' ? instance : this.#started().instances.nameOf(instance)
  }

  #started(): Made {
    if (!this.#made) throw this.#notRunning()
    return this.#made
  }

  #nameOfSet(given: string | undefined): string {
    const names = Object.keys(this.#started().instances.replicasets)
    const wanted = given ?? names[0] ?? ''
    if (given === undefined && names.length > 1) throw severalSets(names)
    if (names.includes(wanted)) return wanted
    throw unknownName('replica set', wanted, names)
  }

  #notRunning(): NotRunningError {
    return new NotRunningError(`the ${this.#source.title} does not run: it is ${this.state}`, {
      hint: this.state === 'new' ? 'Await start() first.' : undefined,
    })
  }

  /**
   * The instances of a cluster that runs.
   *
   * @internal
   */
  protected running(): ClusterInstances {
    if (!this.#made || this.state !== 'running') throw this.#notRunning()
    return this.#made.instances
  }

  /**
   * Gives the cluster's addresses, with the faults of their links, to a cluster that takes its place.
   *
   * @internal
   */
  protected bequeath(): ClusterAddresses {
    this.#ownsLinks = false
    return { ports: this.#made?.plan.ports, links: this.#links }
  }

  /**
   * Lets the links of an instance that is added listen.
   *
   * @internal
   */
  protected async openLinks(): Promise<void> {
    if (this.#made) await this.#links?.open(this, this.#made.plan.routes())
  }

  /**
   * Ends the links of an instance that is removed.
   *
   * @internal
   */
  protected async removeLinks(name: string): Promise<void> {
    await this.#links?.remove(name)
  }

  async #start(recreate: boolean, signal: AbortSignal, copyInto?: CopyInto): Promise<void> {
    const start = (): Promise<void> => this.#startInstances(recreate, signal, copyInto)
    // The instances have to find each other.
    await (this.#links ? this.#links.withoutFaults(start) : start())
  }

  async #startInstances(recreate: boolean, signal: AbortSignal, copyInto?: CopyInto): Promise<void> {
    const [source, links] = [this.#source, this.#links]
    if (recreate) source.reset()
    // An empty start begins with the instances that the options say.
    if (recreate && this.#made?.plan.isChanged) this.#made = await this.#make(signal, this.#made.plan.ports)
    const giveUpAt = performance.now() + source.shared.timeout
    let lost: PortTakenError | undefined
    for (;;) {
      this.#made ??= await this.#make(signal)
      const { plan, instances } = this.#made
      this.#throwIfAborted(signal)
      const leaders = new Map<string, TarantoolInstance>()
      const leader = async (replicaset: string): Promise<TarantoolInstance> => {
        const found = await this.leader(replicaset)
        leaders.set(replicaset, found)
        return found
      }
      const start = new ClusterStart({
        source,
        plan,
        instances,
        links,
        holder: this,
        recreate,
        copyInto,
        signal,
        leader,
      })
      try {
        await start.run()
        const { template } = start
        const startAgain = template && ((names: readonly string[]) => instances.startFrom(template, names))
        this.#reset = new ClusterReset(instances, { source, leaders, start: startAgain })
        this.#addressesAreKnown = true
        break
      } catch (error) {
        this.#throwIfAborted(signal)
        const isTaken = error instanceof PortTakenError && performance.now() < giveUpAt
        instances.clean({ hasFailed: !isTaken })
        await links?.close(this)
        // The lost port explains more than the timeout that followed from it.
        if (!isTaken) throw lost && error instanceof StartTimeoutError ? lost : error
        lost = error
        // Clients know the addresses, so the other process is waited for.
        if (this.#addressesAreKnown) await untilFree(error.address, giveUpAt, signal)
        else this.#made = undefined
      }
    }
    this.#throwIfAborted(signal)
  }

  async #make(signal: AbortSignal, ports = this.#ports): Promise<Made> {
    const plan = await this.#source.plan(this.#directory, ports, signal)
    const { keep } = this.#source.shared
    return { plan, instances: new ClusterInstances(plan, { directory: this.#directory, keep, links: this.#links }) }
  }

  #throwIfAborted(signal: AbortSignal): void {
    if (signal.aborted) throw new StartAbortedError(`the start of the ${this.#source.title} was aborted`)
  }

  async #end(end: (instances: ClusterInstances) => Promise<void>, cleanup: boolean): Promise<void> {
    await this.#life.stop(async () => {
      if (this.#made) await end(this.#made.instances)
    })
    if (!cleanup || this.state !== 'stopped') return
    this.#made?.instances.clean({ hasFailed: this.#markedFailed })
    await (this.#ownsLinks ? this.#links?.end() : this.#links?.close(this))
  }
}
