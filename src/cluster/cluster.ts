import type { ClusterConfig, ClusterOptions, ConfigOverlay } from '../config/application-options.ts'
import { withConfig } from '../config/replacement-config.ts'
import { overlayEntries, type ResolvedApplication } from '../config/resolve-application.ts'
import { type ResolvedCluster, resolveCluster } from '../config/resolve-cluster.ts'
import { NotRunningError, PortTakenError, StartAbortedError, StartTimeoutError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { newDirectoryPath } from '../instance/place/directory.ts'
import { placeOf } from '../instance/place/place.ts'
import { untilFree } from '../instance/place/port-wait.ts'
import { ConfigInForce } from './config-in-force.ts'
import type { Description } from './description.ts'
import { noLeader, unknownName } from './failure.ts'
import { ClusterInstances } from './instances.ts'
import { findLeader } from './leaders.ts'
import { ClusterLife, type ClusterState } from './life.ts'
import { ClusterPlan, type ClusterPorts } from './plan.ts'
import { ClusterStart } from './start.ts'

/**
 * Tells the constructor that the options were checked before. The constructor's public type does not know this class.
 */
class Resolved implements ClusterOptions {
  readonly app: string
  readonly cluster: ResolvedCluster
  readonly ports: ClusterPorts | undefined

  constructor(cluster: ResolvedCluster, ports?: ClusterPorts) {
    this.app = cluster.application.configFile
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
  readonly #config: ConfigInForce
  /** The ports of a cluster whose place this one takes. */
  readonly #ports: ClusterPorts | undefined
  /** The instances that the cluster has from its first start on. */
  #made: { readonly plan: ClusterPlan; readonly instances: ClusterInstances } | undefined
  readonly #life = new ClusterLife()
  #addressesAreKnown: boolean
  #markedFailed = false

  /**
   * Checks the options. Starts nothing, and does not read the config.
   *
   * @param baseDir the directory that relative paths in the options start from. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
   */
  constructor(options: ClusterOptions, baseDir: string = process.cwd()) {
    this.#config = new ConfigInForce(options instanceof Resolved ? options.cluster : resolveCluster(options, baseDir))
    this.#ports = options instanceof Resolved ? options.ports : undefined
    this.#addressesAreKnown = this.#ports !== undefined
    const { root, logger } = this.#config.shared
    this.#directory = newDirectoryPath(placeOf(root, logger))
  }

  /**
   * Makes a cluster from options that were checked before.
   *
   * @internal
   */
  static of(cluster: ResolvedCluster): TarantoolCluster {
    return new TarantoolCluster(new Resolved(cluster))
  }

  /**
   * Makes another cluster, with other directories, that has the same addresses. This one must have ended when the other
   * one starts.
   *
   * @internal
   */
  successor(): TarantoolCluster {
    return new TarantoolCluster(new Resolved(this.#config.given, this.#made?.plan.ports))
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
   * @param name of the instance. Default: the instance that the option `connect` names.
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
    const names = Object.keys(instances.replicasets)
    const wanted = replicaset ?? (names.length === 1 ? names[0] : undefined) ?? ''
    const members = instances.replicasets[wanted]
    if (!members) throw unknownName('replica set', wanted, names)
    const { shared, application } = this.#config
    const leader = await findLeader(instances.ofSet(wanted), shared.timeout)
    if (leader) return leader
    throw noLeader(wanted, members, application.configFile)
  }

  /**
   * Starts all instances at once, and waits until each is ready: its config is applied, it runs and replicates with the
   * others, each replica set has a writable leader, and the option `ready` holds. Then the seed runs, unless the cluster
   * starts from a template. An instance that fails takes the others down.
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
   * Lets all running instances apply another config, or the application's own config, which is read again. The instances
   * stay the same. Options of `set` are laid over the config, as before. The next start with empty directories goes back
   * to the application's own config.
   *
   * @param config the path of another YAML file, or a config as an object. A relative path starts from the application's
   *   directory. Default: the application's own file.
   * @throws ClusterConfigError with Tarantool's own message, or if the config lacks a running instance. The config stays
   *   as it was; InvalidOptionError
   * @example
   * const cluster = await new TarantoolCluster({ app: './my-app' }).start()
   * await cluster.reload('config.maintenance.yaml')
   * await cluster.reload()
   */
  async reload(config?: string | ClusterConfig): Promise<void> {
    await this.#change(withConfig(this.#config.application, config))
  }

  /**
   * Lays options over the config, in addition to the option `set`, and lets all running instances apply them.
   *
   * @throws InvalidOptionError if Tarantool does not know an option; ClusterConfigError. The config stays as it was
   * @example
   * const cluster = await new TarantoolCluster({ app: './my-app' }).start()
   * await cluster.set({ 'groups.storages.replicasets.s1.leader': 's1-b' })
   */
  async set(overlay: ConfigOverlay): Promise<void> {
    const { application } = this.#config
    await this.#change({ ...application, set: [...application.set, ...overlayEntries(overlay)] })
  }

  /**
   * Tells which changes came since the last call. `wrote`: an instance has written data. `clients`: clients other than
   * the fixture were connected.
   *
   * @internal
   */
  async changes(): Promise<{ wrote: boolean; clients: boolean }> {
    return (await this.#made?.instances.changes()) ?? { wrote: false, clients: false }
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

  #started(): { readonly plan: ClusterPlan; readonly instances: ClusterInstances } {
    if (!this.#made) throw this.#notRunning()
    return this.#made
  }

  #notRunning(): NotRunningError {
    const { configFile } = this.#config.application
    return new NotRunningError(`the cluster of ${configFile} does not run: it is ${this.state}`, {
      hint: this.state === 'new' ? 'Await start() first.' : undefined,
    })
  }

  async #change(application: ResolvedApplication): Promise<void> {
    if (!this.#made || this.state !== 'running') throw this.#notRunning()
    await this.#config.change(application, this.#made.plan, this.#made.instances)
  }

  async #start(recreate: boolean, signal: AbortSignal): Promise<void> {
    if (recreate) this.#config.reset()
    const describe = (): Promise<Description> => this.#config.describe(signal)
    const giveUpAt = performance.now() + this.#config.shared.timeout
    let lost: PortTakenError | undefined
    for (;;) {
      this.#made ??= await this.#make(await describe())
      const { plan, instances } = this.#made
      this.#throwIfAborted(signal)
      const leader = (replicaset: string): Promise<TarantoolInstance> => this.leader(replicaset)
      const start = new ClusterStart({ cluster: this.#config, plan, instances, recreate, signal, describe, leader })
      try {
        await start.run()
        this.#addressesAreKnown = true
        break
      } catch (error) {
        this.#throwIfAborted(signal)
        const isTaken = error instanceof PortTakenError && performance.now() < giveUpAt
        instances.clean({ hasFailed: !isTaken })
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

  async #make(description: Description): Promise<{ plan: ClusterPlan; instances: ClusterInstances }> {
    const plan = await ClusterPlan.make(this.#config.given, description, this.#directory, this.#ports)
    const { keep } = this.#config.shared
    return { plan, instances: new ClusterInstances(plan, { directory: this.#directory, keep }) }
  }

  #throwIfAborted(signal: AbortSignal): void {
    if (signal.aborted) {
      throw new StartAbortedError(`the start of the cluster of ${this.#config.application.configFile} was aborted`)
    }
  }

  async #end(end: (instances: ClusterInstances) => Promise<void>, cleanup: boolean): Promise<void> {
    await this.#life.stop(async () => {
      if (this.#made) await end(this.#made.instances)
    })
    if (cleanup && this.state === 'stopped') this.#made?.instances.clean({ hasFailed: this.#markedFailed })
  }
}
