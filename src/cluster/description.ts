import type { ConfigValue } from '../config/application-options.ts'

/** A map of the config. */
export interface ConfigMap {
  [name: string]: ConfigValue | ConfigMap
}

/** An instance of the config. */
export interface DescribedInstance {
  readonly name: string
  readonly group: string
  readonly replicaset: string
  /** The users of the instance, with their passwords if the config has them as plain text. */
  readonly users: Readonly<Record<string, { readonly password?: ConfigValue }>>
  readonly is_anonymous: boolean
  /** The roles of vshard: `router`, `storage`. */
  readonly sharding: readonly string[]
  readonly work_dir?: string
}

/** A config as Tarantool reads it, with the overlay. */
export interface Description {
  /** The path of the config, or what messages call the config. */
  readonly configFile: string
  readonly config: ConfigMap
  readonly instances: readonly DescribedInstance[]
  /** The names in instances.yml; undefined if there is no such file. */
  readonly listed?: readonly string[]
}

/** The reason why a config cannot be used: fixtures/cluster/describe.lua. */
export interface DescriptionFailure {
  readonly stage: 'version' | 'read' | 'syntax' | 'storage' | 'config' | 'set'
  readonly message: string
}
