import type { InstanceOptions } from './options.ts'

/** The options of an instance that each member of a replica set can have for itself. */
export type MemberOption =
  | 'title'
  | 'logLevel'
  | 'slabAllocArena'
  | 'memtxMemory'
  | 'walMode'
  | 'initLuaTemplate'
  | 'appLua'
  | 'appDir'
  | 'extraBoxCfg'
  | 'boxCfg'
  | 'env'

/** The names of these options. */
export const memberOptionNames: readonly MemberOption[] = [
  'title',
  'logLevel',
  'slabAllocArena',
  'memtxMemory',
  'walMode',
  'initLuaTemplate',
  'appLua',
  'appDir',
  'extraBoxCfg',
  'boxCfg',
  'env',
]

/** The options of one member of a replica set, laid over those of the set. `boxCfg` and `env` are laid over by key. */
export interface MemberOptions extends Pick<InstanceOptions, MemberOption> {}

/** The options that make a server a replica set. */
export interface ReplicationOptions {
  /**
   * The number of members, from 2 to 31: the server is a replica set. Each member runs the application, and replicates
   * with all others. Default: none, and the server is a single server.
   */
  replicas?: number | undefined
  /**
   * How the writable member is found. `'manual'`: the option `leader` names it, and the others are read-only. `'election'`:
   * the members elect it, which needs Tarantool 2.6.1 or later. The
   * first member leads first. Default `'manual'`.
   */
  failover?: 'manual' | 'election' | undefined
  /** The member that is writable at the start, with failover `'manual'`. Default: the first member. */
  leader?: string | undefined
  /**
   * Options of single members, by their names: the name of the server and a number from 1.
   *
   * @example { 'db-2': { boxCfg: { replication_timeout: 1 } } }
   */
  members?: { readonly [name: string]: MemberOptions } | undefined
}

/** The options of an instance that the members of a replica set cannot have. */
type UnfitOption = 'host' | 'port' | 'consoleHost' | 'consolePort' | 'replicationSource' | 'docker' | 'title' | 'ports'

/** The options of a `TarantoolReplicaSet`. */
export interface ReplicaSetOptions extends ReplicationOptions, Omit<InstanceOptions, UnfitOption> {
  replicas: number
  /** The name of the set. The members are named after it: `db-1`, `db-2`, `db-3`. At most 60 characters. Default `'replica'`. */
  name?: string | undefined
}

/** The options of a member that `addReplica` adds. */
export interface AddedMemberOptions extends MemberOptions {
  /** The member's name. Default: the set's name with the next number that no member has had. */
  name?: string | undefined
}
