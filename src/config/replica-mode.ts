import type { TemplateDuty } from './config-mode.ts'
import type { BoxCfgValue } from './options.ts'

/** Another member of a replica set. */
interface Peer {
  readonly name: string
  readonly uuid: string
}

/** The conditions of a member's start: the members that are there, and how they find each other. */
export interface ReplicationTerms {
  /** The members whose replication with this member is waited for. */
  readonly peers: readonly Peer[]
  /** The addresses of all members, as this member reaches them. */
  readonly sources: readonly string[]
  /** The member may find no leader that is elected. */
  readonly mayLackLeader: boolean
  /** Options of box.cfg that the replica set needs. */
  readonly boxCfg: Readonly<Record<string, BoxCfgValue>>
  /** Options of box.cfg that the application can change. */
  readonly defaults: Readonly<Record<string, BoxCfgValue>>
  /** Options of the first call of box.cfg. After this call, the values of the application, the user and Tarantool hold. */
  readonly onlyAtStart: Readonly<Record<string, BoxCfgValue>>
}

/** The terms of a server that is a member of a replica set without a config. */
export interface ReplicaMode {
  /** The member's name. */
  readonly name: string
  /** The member's own directory. */
  readonly directory: string
  /** The path of the console's socket that only the fixture uses. */
  readonly agentSocket: string
  /** The path of the socket for the other members. Undefined before 2.10: a server then listens on one address only. */
  readonly peerSocket: string | undefined
  /** The path of the socket behind the link of the address for tests. */
  readonly serverSocket: string
  /** Asked at each start. */
  readonly terms: () => ReplicationTerms
  /** The member's part in a template of the set. Asked at each start. */
  readonly templateDuty: () => TemplateDuty | undefined
}
