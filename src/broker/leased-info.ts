import type { AgentReply, ServerFacts } from '../isolation/server.ts'
import type { ServerAddress } from '../protocol/address.ts'
import type { Holding } from './hold/holding.ts'

/** The information about a leased server that the worker gets: plain JSON. */
export interface LeasedServerInfo extends ServerFacts {
  /** The server's name in messages. */
  readonly fingerprint: string
  readonly host: string
  readonly port: number | string
  /** The named ports. */
  readonly ports: { readonly [name: string]: number }
  readonly uri: string
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly pid: number
  readonly version: string
  readonly workDir: string
  readonly logFile: string
  readonly consoleHost: string
  readonly consolePort: number | string
  readonly address: ServerAddress
  /** The run prints the server's log as it comes, so it has to know which test runs. */
  readonly isLive: boolean
  /** The main process prints the fixture's own steps, and those of the worker. */
  readonly isTraced: boolean
  /** The run makes a report, so the worker tells about its tests. */
  readonly isReported?: boolean | undefined
  /** Directories of finished servers stay if a test failed. */
  readonly keepsOnFailure: boolean
  /** `on-failure` if servers of failed tests are held, or the reason why they are not. */
  readonly holding: Holding
  /** A failed test shows what it changed. */
  readonly showsChanges: boolean
  /** The server was given the option `links`. */
  readonly hasLinks?: boolean | undefined
  /** Set for a cluster. The server itself is the instance that the option `connect` names. */
  readonly cluster?: LeasedCluster | undefined
}

/** A cluster's reply for its agents. */
export interface ClusterReply extends AgentReply {
  /** Set if instances have new processes. */
  readonly info?: LeasedServerInfo | undefined
}

/** The information about a leased cluster. */
export interface LeasedCluster {
  /** The name of the instance that the server itself is. */
  readonly connect: string
  /** The names of all instances, sorted. */
  readonly instances: readonly string[]
  readonly replicasets: Readonly<Record<string, readonly string[]>>
  /** The other instances. */
  readonly members: readonly LeasedServerInfo[]
  /** The latest leader of a replica set, for which its handle stands. Undefined for an application. */
  readonly leader?: string | undefined
}

/** The part of the information that a process itself knows. */
export type ProcessInfo = Omit<
  LeasedServerInfo,
  keyof ServerFacts | 'keepsOnFailure' | 'holding' | 'showsChanges' | 'isLive' | 'isTraced' | 'isReported'
>
