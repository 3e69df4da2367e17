import type { InstanceOptions } from './options.ts'

/** A value of Tarantool's config. `null` removes an option. */
export type ConfigValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly ConfigValue[]
  | { readonly [name: string]: ConfigValue }

/** Options of Tarantool's config by their paths: `{ 'replication.timeout': 0.1 }`. */
export interface ConfigOverlay {
  readonly [path: string]: ConfigValue
}

/** A config of Tarantool, as a `config.yaml` holds it: `{ groups: { … } }`. */
export interface ClusterConfig {
  readonly [option: string]: ConfigValue
}

/** The options of a Tarantool 3 application, which has a `config.yaml`. */
export interface ApplicationOptions {
  /**
   * The application: a directory with a `config.yaml`, or the path of the YAML file. Relative paths in the config start
   * from the directory, as under `tt`. Needs Tarantool 3.0 or later. Default: none, and the server is a single server.
   *
   * @example './my-app'
   */
  app?: string | undefined
  /**
   * The instances to start: names, or expressions that match names. Other instances are left out of the config. Default:
   * the instances in `instances.yml`, if the directory has such a file; else all instances of the config.
   *
   * @example ['router-001', /^storage-/]
   */
  instances?: string | RegExp | readonly (string | RegExp)[] | undefined
  /** The instance whose address tests get. Default: the first instance by name. */
  connect?: string | undefined
  /**
   * The user of the config as whom tests connect. Default: an account of the fixture with the role `super`, which the
   * fixture adds to the config.
   */
  as?: string | undefined
  /**
   * Options that are laid over the config, by their paths. The value holds for all instances, whatever the groups,
   * replica sets and instances of the config say. A path that begins with `groups.` names one place. The value `null`
   * removes the option.
   *
   * @example { 'replication.timeout': 0.1, 'groups.storages.replicasets.s1.leader': 's1-b' }
   */
  set?: ConfigOverlay | undefined
  /**
   * Lua that has to return a true value in each instance before the cluster counts as ready, besides the config's own
   * status. Default: none.
   *
   * @example 'return box.space.users ~= nil'
   */
  ready?: string | undefined
  /**
   * The instance that runs `seedLua` and `seed`, or several instances, which run them one after another. If an instance is
   * read-only, the leader of its replica set runs them. Default: the instance of `connect`.
   *
   * @example ['s1-a', 's2-a']
   */
  seedOn?: string | readonly string[] | undefined
}

/** The options of an instance that the instances of a cluster share. */
export type SharedOption =
  | 'logger'
  | 'root'
  | 'cleanup'
  | 'keep'
  | 'timeout'
  | 'stopTimeout'
  | 'version'
  | 'quiet'
  | 'commandToRun'
  | 'commandArgs'
  | 'env'
  | 'access'
  | 'links'
  | 'seedLua'
  | 'seed'
  | 'seedTemplate'
  | 'recordChanges'

/** The names of these options. */
export const sharedOptions: readonly SharedOption[] = [
  'logger',
  'root',
  'cleanup',
  'keep',
  'timeout',
  'stopTimeout',
  'version',
  'quiet',
  'commandToRun',
  'commandArgs',
  'env',
  'access',
  'links',
  'seedLua',
  'seed',
  'seedTemplate',
  'recordChanges',
]

/** The options of a `TarantoolCluster`. */
export interface ClusterOptions extends ApplicationOptions, Pick<InstanceOptions, SharedOption> {
  app: string
}
