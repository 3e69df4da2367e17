import type { ClusterConfig, ClusterOptions, ConfigOverlay } from '../config/application-options.ts'
import { checkIsObject } from '../config/check.ts'
import { withConfig } from '../config/replacement-config.ts'
import { overlayEntries } from '../config/resolve-application.ts'
import { type ResolvedCluster, resolveCluster } from '../config/resolve-cluster.ts'
import { AnyCluster, type ClusterAddresses } from './any-cluster.ts'
import { ConfigInForce } from './config-in-force.ts'

/**
 * Tells the constructor that the options were checked before. The constructor's public type does not know this class.
 */
class Resolved implements ClusterOptions {
  readonly app: string
  readonly cluster: ResolvedCluster
  readonly addresses: ClusterAddresses | undefined

  constructor(cluster: ResolvedCluster, addresses?: ClusterAddresses) {
    this.app = cluster.application.configFile
    this.cluster = cluster
    this.addresses = addresses
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
export class TarantoolCluster extends AnyCluster {
  readonly #config: ConfigInForce

  /**
   * Checks the options. Starts nothing, and does not read the config.
   *
   * @param baseDir the directory that relative paths in the options start from. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
   */
  constructor(options: ClusterOptions, baseDir: string = process.cwd()) {
    const isResolved = options instanceof Resolved
    const config = new ConfigInForce(isResolved ? options.cluster : resolveCluster(options, baseDir))
    super(config, isResolved ? options.addresses : undefined)
    this.#config = config
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
  override successor(): TarantoolCluster {
    return new TarantoolCluster(new Resolved(this.#config.given, this.bequeath()))
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
    const { instances } = this.running()
    await this.during(() => this.#config.change(withConfig(this.#config.application, config), instances))
  }

  /**
   * Lays options over the config, in addition to the option `set`, and lets all running instances apply them.
   *
   * @throws InvalidOptionError if Tarantool does not know an option, or if the config does not have the group, the
   *   replica set or the instance of a path; ClusterConfigError. The config stays as it was
   * @example
   * const cluster = await new TarantoolCluster({ app: './my-app' }).start()
   * await cluster.set({ 'groups.storages.replicasets.s1.leader': 's1-b' })
   */
  async set(overlay: ConfigOverlay): Promise<void> {
    checkIsObject('set()', overlay)
    const { instances } = this.running()
    await this.during(() => this.#config.lay(overlayEntries(overlay), instances))
  }
}
