import { NotRunningError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { KeptFor } from '../instance/kept/keep.ts'
import { newDirectoryPath } from '../instance/place/directory.ts'
import { placeOf } from '../instance/place/place.ts'
import { notRecording } from '../isolation/failures.ts'
import type { AgentOperation, AgentReply } from '../isolation/server.ts'
import type { Fault, Link, LinkPlace } from '../link/fault.ts'
import type { CodeUnderFaults } from '../link/fault-sequence.ts'
import type { FaultsOptions } from '../link/planned-faults.ts'
import type { CopyInto } from './directories.ts'
import { ClusterFaults } from './faults.ts'
import { HeldLinks } from './held-links.ts'
import type { ClusterInstances } from './instances.ts'
import { keepCluster } from './keep.ts'
import { ClusterLife, type ClusterState } from './life.ts'
import { ClusterLinks } from './links.ts'
import type { LeaderWait, MemberWaits, MeshWait } from './member-waits.ts'
import type { ClusterPorts } from './plan.ts'
import type { ClusterSource } from './source.ts'
import { ClusterStarts, type Made } from './starts.ts'

/** The addresses of a cluster, for the cluster that takes its place. */
export interface ClusterAddresses {
  readonly ports: ClusterPorts | undefined
  readonly links: ClusterLinks | undefined
}

/**
 * Several instances that know each other, from start to end: the instances of a config (`TarantoolCluster`), or a replica
 * set without a config (`TarantoolReplicaSet`). They end with the Node process that created the cluster, and leave no
 * files behind.
 */
export abstract class AnyCluster implements AsyncDisposable {
  readonly #directory: string
  readonly #source: ClusterSource
  /** Set with the option `links`. */
  readonly #links: HeldLinks | undefined
  readonly #faults: ClusterFaults
  readonly #starts: ClusterStarts
  readonly #life = new ClusterLife()
  #markedFailed = false

  /** @internal */
  protected constructor(source: ClusterSource, { ports, links }: Partial<ClusterAddresses> = {}) {
    this.#source = source
    const { root, logger, links: hasLinks } = source.shared
    this.#directory = newDirectoryPath(placeOf(root, logger))
    this.#links = hasLinks ? new HeldLinks(links ?? new ClusterLinks()) : undefined
    this.#faults = new ClusterFaults(this.#links?.links, {
      title: source.title,
      settle: async timeout => await this.#started().waits.settle(timeout),
    })
    this.#starts = new ClusterStarts({
      ...{ source, directory: this.#directory, ports, links: this.#links },
      throwIfEnding: () => this.#throwIfEnding(),
    })
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

  /**
   * Tests have added or removed instances, and the cluster still has others than at its beginning.
   *
   * @internal
   */
  get hasMembersOfTests(): boolean {
    return this.#started().plan.isChanged
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
    return this.#started().instances.named(name === undefined ? this.connect : name)
  }

  /**
   * The writable instance of a replica set. Waits for an election that is under way.
   *
   * @param replicaset its name. Default: the only replica set.
   * @param options `timeout` in milliseconds, by default and at most the option `timeout`
   * @throws ClusterConfigError if no instance is writable; UnknownServerError
   */
  async leader(replicaset?: string, options: { timeout?: number | undefined } = {}): Promise<TarantoolInstance> {
    return await this.#started().waits.leader(replicaset, options)
  }

  /**
   * Waits for a writable instance of a replica set, for example after the leader was killed.
   *
   * @param options `not`: the former leader, or its name, which does not count; `replicaset`: its name, by default the only
   *   one; `timeout` in milliseconds, by default the option `timeout`
   * @throws ReplicationError, which says which members do not run; UnknownServerError; NotRunningError at once, if the
   *   cluster was stopped
   * @example
   * const cluster = await new TarantoolReplicaSet({ replicas: 3, failover: 'election' }).start()
   * const former = await cluster.leader()
   * await former.kill({ cleanup: false })
   * const leader = await cluster.waitForLeader({ not: former })
   */
  async waitForLeader(options: LeaderWait = {}): Promise<TarantoolInstance> {
    return await this.#toWait().newLeader(options)
  }

  /**
   * Waits until all instances run, and replicate in both directions with each other instance of their replica set.
   *
   * @param options `timeout` in milliseconds, by default the option `timeout`; `onlyRunning`: leaves out instances that
   *   do not run, or are paused. Default false.
   * @throws ReplicationError, which says what is missing; NotRunningError at once, if the cluster was stopped
   */
  async waitForFullMesh(options: MeshWait = {}): Promise<void> {
    await this.#toWait().fullMesh(options)
  }

  /**
   * Waits until the other running instances of a replica set have all the data that one instance has now.
   *
   * @param of the instance, or its name. Default: the leader of the only replica set.
   * @param options `timeout` in milliseconds, by default the option `timeout`
   * @throws ReplicationError, which says which instance is behind; NotRunningError if `of` does not run; UnknownServerError
   */
  async waitForVclock(of?: TarantoolInstance | string, options: { timeout?: number | undefined } = {}): Promise<void> {
    await this.#started().waits.vclock(of, options)
  }

  /**
   * The link from an instance to another: the connections that the first opens to the second. A pair of instances has two
   * links. Needs the option `links`. The link before an address that tests use is `cluster.instance('a').link`.
   *
   * @param from an instance, or its name
   * @param to an instance, or its name
   * @throws InvalidOptionError without the option `links`, and if there is no such link; UnknownServerError for an instance
   *   of another cluster; NotRunningError before the first start
   * @example
   * const cluster = await new TarantoolReplicaSet({ replicas: 3, links: true }).start()
   * await cluster.link('replica-2', 'replica-1').cut()
   */
  link(from: TarantoolInstance | string, to: TarantoolInstance | string): Link {
    return this.#faults.link(from, to, () => this.#started().instances)
  }

  /**
   * Cuts the links between groups of instances, in both directions. Instances in one group reach each other, and an instance in
   * no group reaches all. Ends with `heal()`. Needs the option `links`.
   *
   * @throws InvalidOptionError without the option `links`, and for an instance that is unknown or in two groups;
   *   UnknownServerError for an instance of another cluster
   * @example
   * const cluster = await new TarantoolReplicaSet({ replicas: 3, links: true }).start()
   * await cluster.partition(['replica-1'], ['replica-2', 'replica-3'])
   * await cluster.heal()
   */
  async partition(...groups: readonly (readonly (TarantoolInstance | string)[])[]): Promise<void> {
    await this.#faults.partition(groups, () => this.#started().instances)
  }

  /**
   * Ends the faults of all links: those between the instances, and those before their addresses. Needs the option `links`.
   *
   * @throws InvalidOptionError without the option `links`
   */
  async heal(): Promise<void> {
    await this.#faults.healAll(() => this.#started().instances)
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
   * @throws the error of the code, with the seed and the faults in its message; InvalidOptionError; NotRunningError
   *   if an instance does not run, unless `kinds` has only faults of links; the errors of a start
   * @example
   * const cluster = await new TarantoolReplicaSet({ replicas: 3, failover: 'election', links: true }).start()
   * await cluster.faults({ seed: 42 }, async () => {
   *   // use a client that has to cope with the faults
   * })
   */
  async faults<Result>(options: FaultsOptions, code: CodeUnderFaults<Result>): Promise<Result> {
    return await this.#faults.sequence(this.#started().instances, options).during(code)
  }

  /**
   * Makes a fault of some links.
   *
   * @internal
   * @param options `settles`: waits until the instances replicate with each other again
   * @throws InvalidOptionError, UnknownServerError if there is no such link
   */
  async makeFault(fault: Fault, places: readonly LinkPlace[], { settles }: { settles: boolean }): Promise<void> {
    await this.#faults.make(fault, places, { instances: () => this.#started().instances, settles })
  }

  /**
   * Ends the faults of all links, if there are links.
   *
   * @internal
   * @param options `settles`: waits until the instances replicate with each other again
   */
  async healLinks({ settles }: { settles: boolean }): Promise<void> {
    await this.#faults.heal({ settles })
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
    await this.#life.start(signal => this.#starts.run(signal, { recreate }))
    return this
  }

  /**
   * Starts all instances with data that a function copies into their directories, which are empty.
   *
   * @internal
   * @throws the errors of `start`, and those of the function
   */
  async startWith(copyInto: CopyInto): Promise<this> {
    await this.#life.start(signal => this.#starts.run(signal, { recreate: false, copyInto }))
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
   * @throws the errors of `start`; StartAbortedError if `stop()` was called meanwhile
   */
  async restart({ recreate = false }: { recreate?: boolean } = {}): Promise<this> {
    const stop = async (): Promise<void> => await this.stop({ cleanup: false })
    await this.#life.restart(stop, async () => await this.start({ recreate }), this.#source.title)
    return this
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
    if (this.instances.some(({ isPaused }) => isPaused)) this.resume()
    const { lost } = await this.ask('rewind', 0)
    this.#throwIfEnding()
    if (lost !== undefined) await this.restart({ recreate: true })
  }

  /**
   * Asks all instances for an operation of the agent: fixtures/agent/isolation.
   *
   * @internal
   */
  async ask(operation: AgentOperation, keep: number): Promise<AgentReply> {
    const ask = async (): Promise<AgentReply> =>
      (await this.#starts.reset?.ask(operation, keep)) ?? { lost: `the ${this.#source.title} does not run` }
    const onlyLooks = operation === 'dirty' || operation === 'digest' || operation === 'requests'
    return await this.during(async () => await (onlyLooks ? ask() : this.#faults.duringNone(ask)))
  }

  /**
   * Resumes instances that are paused. Before a reset, they replicate with the others again.
   *
   * @internal
   */
  resume(): void {
    for (const { process } of this.instances) process?.sendSignal('SIGCONT')
    this.#faults.noteResumed()
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

  #started(): Made {
    if (!this.#starts.made) throw this.#notRunning()
    return this.#starts.made
  }

  // No instance of a cluster that was stopped starts alone. One that was ended alone may be started during the wait.
  #toWait(): MemberWaits {
    this.#throwIfEnding()
    return this.#started().waits
  }

  #throwIfEnding(): void {
    if (this.#life.isEnding) throw this.#notRunning()
  }

  /**
   * Does work on the cluster that may start instances. `stop()` waits for its end.
   *
   * @internal
   */
  protected async during<Result>(work: () => Promise<Result>): Promise<Result> {
    return await this.#life.during(work)
  }

  #notRunning(): NotRunningError {
    return new NotRunningError(`the ${this.#source.title} does not run: it is ${this.state}`, {
      hint: this.state === 'new' ? 'Await start() first.' : undefined,
    })
  }

  /**
   * The instances of a cluster that runs, with what belongs to them.
   *
   * @internal
   */
  protected running(): Made {
    if (!this.#starts.made || this.state !== 'running') throw this.#notRunning()
    return this.#starts.made
  }

  /**
   * Gives the cluster's addresses, with the faults of their links, to a cluster that takes its place.
   *
   * @internal
   */
  protected bequeath(): ClusterAddresses {
    return { ports: this.#starts.made?.plan.ports, links: this.#links?.handOn() }
  }

  async #end(end: (instances: ClusterInstances) => Promise<void>, cleanup: boolean): Promise<void> {
    await this.#life.stop(async () => {
      if (this.#starts.made) await end(this.#starts.made.instances)
    })
    if (!cleanup || this.state !== 'stopped') return
    this.#starts.made?.directories.clean({ hasFailed: this.#markedFailed })
    await this.#links?.end()
  }
}
