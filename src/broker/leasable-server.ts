import type { LeaderWait, MeshWait } from '../cluster/member-waits.ts'
import type { ClusterConfig, ConfigOverlay } from '../config/application-options.ts'
import type { Isolation } from '../config/isolation.ts'
import type { AddedMemberOptions } from '../config/replica-set-options.ts'
import type { InstanceState } from '../instance/lifecycle.ts'
import type { AgentOperation, Death } from '../isolation/server.ts'
import type { Fault, LinkPlace } from '../link/fault.ts'
import type { FailedServer } from './failed-server.ts'
import type { HeldServers } from './hold/held-servers.ts'
import type { LeaseUse } from './lease-use.ts'
import type { ClusterReply, LeasedServerInfo } from './leased-info.ts'
import type { RunningTest } from './server-mark.ts'

/** The run, from a server's point of view. */
export interface PoolContext {
  /** The directory for the directories of instances. */
  readonly root: string
  /** The servers of failed tests that run on. */
  readonly held: HeldServers
}

/** A test that has failed. Both are undefined for a failed hook of a file that is unknown. */
export interface FailedTest {
  readonly test?: string | undefined
  readonly testFile?: string | undefined
  /**
   * The tests that follow expect the data of the process. Undefined if the server is not to be held: the test does not use
   * it.
   */
  readonly isNeeded?: boolean | undefined
}

/** The requests of a lease that concern one process: a server's, or that of an instance of a cluster. */
export interface ServerActions {
  /** Makes the server run. A running server stays as it is, a paused server is resumed. */
  ensure(): Promise<LeasedServerInfo>
  start(recreate: boolean): Promise<LeasedServerInfo>
  restart(recreate: boolean, record?: boolean): Promise<LeasedServerInfo>
  stop(): Promise<void>
  signal(signal: NodeJS.Signals): Promise<void>
  crashReport(): Promise<Death | null>
}

/** The requests of a lease that only a cluster can answer. */
export interface ClusterActions {
  /** Asks all instances for an operation of the agent. `keep`: the number of levels that stay */
  ask(operation: AgentOperation, keep: number): Promise<ClusterReply>
  leader(replicaset?: string, wait?: { timeout?: number | undefined }): Promise<string>
  waitForLeader(wait: LeaderWait & { not?: string | undefined }): Promise<string>
  waitForFullMesh(wait: MeshWait): Promise<void>
  waitForVclock(of: string | undefined, wait: { timeout?: number | undefined }): Promise<void>
  /** Adds a member to a replica set. Resolves to its name. */
  addReplica(options: AddedMemberOptions): Promise<string>
  remove(member: string): Promise<void>
  reload(config?: string | ClusterConfig): Promise<void>
  set(overlay: ConfigOverlay): Promise<void>
  /** An instance of the cluster. @throws UnknownServerError */
  member(name: string): ServerActions
}

/** A server of a pool, from the view of its leases: a single server, or a cluster. */
export interface LeasableServer extends ServerActions {
  readonly name: string
  /** The worker slot of the server's latest lease, or of its planned lease. */
  slot: number
  /** The use that the current lease has made of the server. */
  readonly leaseUse: LeaseUse
  readonly isolation: Isolation
  /** True if a start of this server was begun, however that start ended. */
  readonly isBegun: boolean
  /** The state of the server's process, or of the whole cluster. */
  readonly state: InstanceState
  /** @throws LeaseError if the server is a single one */
  readonly cluster: ClusterActions
  /** Starts the server in the background, so that a lease finds it ready. The lease reports a failure. */
  prestart(): void
  renew(): Promise<LeasedServerInfo>
  stepAside(spare: boolean): Promise<LeasedServerInfo>
  comeBack(): Promise<LeasedServerInfo>
  /**
   * Makes a fault of links.
   *
   * @param places links of a cluster. Default, and if empty: the link before the server's address
   * @param isUndo all faults have ended now, so a cluster waits until its instances replicate again
   * @throws InvalidOptionError if there is no such link
   */
  makeFault(fault: Fault, places?: readonly LinkPlace[], isUndo?: boolean): Promise<void>
  /** Prepares the server for the next file. */
  leaseEnded(): void
  /** Another test has the server from now on. */
  atTest(running: RunningTest): void
  /** Prints a step of the fixture's own work, if the environment asks for that. */
  trace(step: string): void
  testFailed(about: FailedTest): Promise<FailedServer>
  /** Ends the server for good. */
  destroy(): Promise<void>
  info(): LeasedServerInfo
}
