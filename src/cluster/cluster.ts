import type { ClusterOptions, ConfigOverlay } from '../config/application-options.ts'
import { overlayEntries } from '../config/resolve-application.ts'
import { type ResolvedCluster, resolveCluster } from '../config/resolve-cluster.ts'
import { ClusterConfigError, LuaError, NotRunningError, StartAbortedError } from '../errors.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { sweepOnce } from '../instance/owner/sweep.ts'
import { keepDirectory, makeDirectory, newDirectoryPath, removeDirectory } from '../instance/place/directory.ts'
import { markerOf } from '../instance/place/marker.ts'
import { placeOf } from '../instance/place/place.ts'
import { changesOf, settle } from './changes.ts'
import { describeApplication } from './describe.ts'
import type { Description } from './description.ts'
import { errorOfMember, noLeader, unknownName } from './failure.ts'
import { findLeader } from './leaders.ts'
import { ClusterPlan, type ClusterPorts } from './plan.ts'

/** The state of a cluster. `failed`: a start failed, and no instance runs. */
export type ClusterState = 'new' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

type Life =
  | { readonly state: 'new' | 'running' | 'stopped' | 'failed' }
  | { readonly state: 'starting'; readonly done: Promise<void>; readonly abort: AbortController }
  | { readonly state: 'stopping'; readonly done: Promise<void> }

/**
 * Tells the constructor that the options were checked before. The constructor's public type does not know this class.
 */
class Resolved {
  readonly cluster: ResolvedCluster
  readonly ports: ClusterPorts | undefined

  constructor(cluster: ResolvedCluster, ports?: ClusterPorts) {
    this.cluster = cluster
    this.ports = ports
  }
}

/**
 * A Tarantool 3 application that the caller owns: the instances of its `config.yaml`, from start to end.
 *
 * The application's files are used where they stand, and nothing is written beside them. Each cluster has its own
 * directories, sockets and ports, so any number of clusters of one application can run side by side. The instances end
 * with the Node process that created the cluster, and leave no files behind.
 *
 * @example
 * const cluster = await new TarantoolCluster({ app: './my-app', connect: 'router-001' }).start()
 * const [user] = await cluster.instance().call('get_user', 1)
 * await cluster.instance('storage-001').kill()
 * await cluster.stop()
 */
export class TarantoolCluster implements AsyncDisposable {
  readonly #directory: string
  readonly #given: ResolvedCluster
  /** The options with the overlays of `set()`, which end with the next empty start. */
  #cluster: ResolvedCluster
  /** The ports of a cluster whose place this one takes. */
  readonly #ports: ClusterPorts | undefined
  #plan: ClusterPlan | undefined
  #instances: ReadonlyMap<string, TarantoolInstance> = new Map()
  #life: Life = { state: 'new' }
  #markedFailed = false

  /**
   * Checks the options. Starts nothing, and does not read the config.
   *
   * @param baseDir the directory that relative paths in the options start from. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError
   */
  constructor(options: ClusterOptions, baseDir: string = process.cwd()) {
    this.#given = options instanceof Resolved ? options.cluster : resolveCluster(options, baseDir)
    this.#cluster = this.#given
    this.#ports = options instanceof Resolved ? options.ports : undefined
    const { root, logger } = this.#cluster.shared
    this.#directory = newDirectoryPath(placeOf(root, logger))
  }

  /**
   * Makes a cluster from options that were checked before.
   *
   * @internal
   */
  static of(cluster: ResolvedCluster): TarantoolCluster {
    return new TarantoolCluster(new Resolved(cluster) as unknown as ClusterOptions)
  }

  /**
   * Makes another cluster, with other directories, that has the same addresses. This one must have ended when the other
   * one starts.
   *
   * @internal
   */
  successor(): TarantoolCluster {
    return new TarantoolCluster(new Resolved(this.#given, this.#plan?.ports) as unknown as ClusterOptions)
  }

  /** The state of the cluster. An instance that was stopped or has died does not change the state. */
  get state(): ClusterState {
    return this.#life.state
  }

  /** The directory of the cluster, with a directory for each instance. It exists from the first start to the stop. */
  get directory(): string {
    return this.#directory
  }

  /** The names of the instances, sorted. @throws NotRunningError before the first start */
  get instances(): string[] {
    return [...this.#started().keys()]
  }

  /** The name of the instance that the option `connect` names. @throws NotRunningError before the first start */
  get connect(): string {
    this.#started()
    return this.#plan?.members.connect.name ?? ''
  }

  /** The names of the instances by replica set. @throws NotRunningError before the first start */
  get replicasets(): Record<string, string[]> {
    this.#started()
    const members = this.#plan?.members.instances ?? []
    const sets: Record<string, string[]> = {}
    for (const { name, replicaset } of members) {
      sets[replicaset] ??= []
      sets[replicaset].push(name)
    }
    return sets
  }

  /**
   * An instance of the cluster. It has every method of a `TarantoolInstance`: `call`, `stop`, `kill`, `restart`.
   *
   * @param name of the instance. Default: the instance that the option `connect` names.
   * @throws UnknownServerError; NotRunningError before the first start
   */
  instance(name?: string): TarantoolInstance {
    const instances = this.#started()
    const wanted = name ?? this.connect
    const found = instances.get(wanted)
    if (found) return found
    throw unknownName('instance', wanted, [...instances.keys()])
  }

  /**
   * The writable instance of a replica set. Waits for an election that is under way, for the option `timeout`.
   *
   * @param replicaset its name. Default: the only replica set.
   * @throws ClusterConfigError if no instance is writable; UnknownServerError
   */
  async leader(replicaset?: string): Promise<TarantoolInstance> {
    const sets = this.replicasets
    const names = Object.keys(sets)
    const wanted = replicaset ?? (names.length === 1 ? names[0] : undefined) ?? ''
    const members = sets[wanted]
    if (!members) throw unknownName('replica set', wanted, names)
    const { shared, application } = this.#cluster
    const leader = await findLeader(
      members.map(name => this.instance(name)),
      shared.timeout,
    )
    if (leader) return leader
    throw noLeader(wanted, members, application.configFile)
  }

  /**
   * Starts all instances at once, and waits until each is ready: its config is applied, it runs and replicates with the
   * others, each replica set has a writable leader, and the option `ready` holds. An instance that fails takes the others
   * down.
   *
   * @param options `recreate: false` finds the data of an earlier start. Default true: all instances begin empty.
   * @throws ClusterConfigError with Tarantool's own message; InitScriptError, PortTakenError, ServerExitedError,
   *   StartTimeoutError after `timeout`; UnsupportedVersionError before Tarantool 3.0. After an error no instance runs
   */
  async start({ recreate = true }: { recreate?: boolean } = {}): Promise<this> {
    while (this.#life.state === 'stopping') await this.#life.done
    if (this.#life.state === 'running') return this
    if (this.#life.state !== 'starting') {
      const abort = new AbortController()
      const done = this.#start(recreate, abort.signal).then(
        () => this.#settle(abort, 'running'),
        (error: unknown) => {
          this.#settle(abort, error instanceof StartAbortedError ? 'stopped' : 'failed')
          throw error
        },
      )
      done.catch(() => {})
      this.#life = { state: 'starting', done, abort }
    }
    await this.#life.done
    return this
  }

  /**
   * Stops all instances: SIGTERM, then SIGKILL after `stopTimeout`.
   *
   * @param options `cleanup: false` keeps the directories for the next start
   */
  async stop({ cleanup = true }: { cleanup?: boolean } = {}): Promise<void> {
    await this.#end(instance => instance.stop({ cleanup: false }), cleanup)
  }

  /**
   * Ends all instances with SIGKILL.
   *
   * @param options `cleanup: false` keeps the directories for the next start
   */
  async kill({ cleanup = true }: { cleanup?: boolean } = {}): Promise<void> {
    await this.#end(instance => instance.kill({ cleanup: false }), cleanup)
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
   * Reads the application's config again, and lets all running instances apply it. The instances stay the same.
   *
   * @throws ClusterConfigError with Tarantool's own message, and the config stays as it was
   */
  async reload(): Promise<void> {
    const plan = this.#plan
    if (!plan || this.#life.state !== 'running') throw this.#notRunning()
    plan.writeConfig(await this.#describe(new AbortController().signal))
    const running = [...this.#instances.values()].filter(({ isRunning }) => isRunning)
    await Promise.all(running.map(instance => this.#reloadOne(instance)))
  }

  /**
   * Lays options over the config, in addition to the option `set`, and lets all running instances apply them.
   *
   * @throws InvalidOptionError if Tarantool does not know an option; ClusterConfigError
   * @example
   * const cluster = await new TarantoolCluster({ app: './my-app' }).start()
   * await cluster.set({ 'groups.storages.replicasets.s1.leader': 's1-b' })
   */
  async set(overlay: ConfigOverlay): Promise<void> {
    const before = this.#cluster
    const { application } = before
    const set = [...application.set, ...overlayEntries(overlay)]
    this.#cluster = { ...before, application: { ...application, set } }
    try {
      await this.reload()
    } catch (error) {
      this.#cluster = before
      throw error
    }
  }

  /**
   * Tells which changes came since the last call. `wrote`: an instance has written data. `clients`: clients other than
   * the fixture were connected.
   *
   * @internal
   */
  async changes(): Promise<{ wrote: boolean; clients: boolean }> {
    return await changesOf([...this.#instances.values()])
  }

  /** Makes `keep: 'on-failure'` keep the directories, after a failure that the cluster itself cannot see. */
  markFailed(): void {
    this.#markedFailed = true
  }

  /** Calls `stop()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // ---- Inside ----

  #started(): ReadonlyMap<string, TarantoolInstance> {
    if (this.#instances.size === 0) throw this.#notRunning()
    return this.#instances
  }

  #notRunning(): NotRunningError {
    const { configFile } = this.#cluster.application
    return new NotRunningError(`the cluster of ${configFile} does not run: it is ${this.state}`, {
      hint: this.state === 'new' ? 'Await start() first.' : undefined,
    })
  }

  #settle(abort: AbortController, state: 'running' | 'stopped' | 'failed'): void {
    if (this.#life.state === 'starting' && this.#life.abort === abort) this.#life = { state }
  }

  async #describe(signal: AbortSignal): Promise<Description> {
    return await describeApplication(this.#cluster.application, this.#cluster.shared, signal)
  }

  async #start(recreate: boolean, signal: AbortSignal): Promise<void> {
    if (recreate) this.#cluster = this.#given
    const description = await this.#describe(signal)
    this.#plan ??= await this.#makePlan(description)
    this.#throwIfAborted(signal)
    this.#makeDirectory(recreate)
    this.#plan.writeConfig(description)
    const instances = [...this.#instances.values()]
    const starts = instances.map(instance => instance.start({ recreate }))
    try {
      await Promise.all(starts)
      for (const [name, members] of Object.entries(this.replicasets)) {
        await this.leader(name)
        await settle(members.map(member => this.instance(member)))
      }
      this.#throwIfAborted(signal)
    } catch (error) {
      await Promise.allSettled(instances.map(instance => instance.kill({ cleanup: false })))
      await Promise.allSettled(starts)
      if (!signal.aborted) this.#clean(true)
      throw errorOfMember(error)
    }
  }

  async #makePlan(description: Description): Promise<ClusterPlan> {
    const plan = await ClusterPlan.make(this.#cluster, description, this.#directory, this.#ports)
    const options = plan.instanceOptions()
    this.#instances = new Map(
      plan.members.instances.map(({ name }, index) => {
        const own = options[index]
        if (!own) throw new Error('each member has options')
        return [name, TarantoolInstance.of(own)]
      }),
    )
    return plan
  }

  #makeDirectory(recreate: boolean): void {
    sweepOnce(this.#directory)
    if (recreate) removeDirectory(this.#directory)
    if (!markerOf(this.#directory)) makeDirectory(this.#directory, { keep: this.#cluster.shared.keep === 'always' })
  }

  #throwIfAborted(signal: AbortSignal): void {
    if (signal.aborted) {
      throw new StartAbortedError(`the start of the cluster of ${this.#cluster.application.configFile} was aborted`)
    }
  }

  async #end(end: (instance: TarantoolInstance) => Promise<void>, cleanup: boolean): Promise<void> {
    const life = this.#life
    if (life.state === 'stopping') await life.done
    else {
      if (life.state === 'starting') life.abort.abort()
      const done = this.#endAll(end, life)
      this.#life = { state: 'stopping', done }
      try {
        await done
      } finally {
        this.#life = { state: life.state === 'new' ? 'new' : 'stopped' }
      }
    }
    if (cleanup && this.#life.state === 'stopped') this.#clean(false)
  }

  async #endAll(end: (instance: TarantoolInstance) => Promise<void>, life: Life): Promise<void> {
    await Promise.all([...this.#instances.values()].map(end))
    if (life.state === 'starting') await life.done.catch(() => {})
    // The start may have begun an instance after the first end.
    await Promise.all([...this.#instances.values()].map(end))
  }

  #clean(failed: boolean): void {
    const { keep } = this.#cluster.shared
    const hasFailed =
      failed || this.#markedFailed || [...this.#instances.values()].some(({ state }) => state === 'failed')
    const isKept = keep === 'always' || (keep === 'on-failure' && hasFailed)
    for (const instance of this.#instances.values()) {
      if (isKept) keepDirectory(instance.workDir)
      else removeDirectory(instance.workDir)
    }
    if (isKept) keepDirectory(this.#directory)
    else removeDirectory(this.#directory)
  }

  async #reloadOne(instance: TarantoolInstance): Promise<void> {
    try {
      await instance.command("require('config'):reload()", { timeout: this.#cluster.shared.timeout })
    } catch (error) {
      if (!(error instanceof LuaError)) throw error
      const { configFile } = this.#cluster.application
      throw new ClusterConfigError(`${instance.fingerprint} refused the config: ${error.luaMessage}`, {
        configFile,
        cause: error,
      })
    }
  }
}
