import type { AgentOperation, Death } from '../isolation/server.ts'
import type { Fault, LinkPlace } from '../link/fault.ts'
import type { FailedServer } from './failed-server.ts'
import type { ClusterReply, LeasedServerInfo } from './leased-info.ts'
import type { WorkerEvent } from './run-events.ts'
import type { RunOverview } from './run-overview.ts'

/** The information about one broker that the main process gives to the workers: plain JSON. */
export interface BrokerTicket {
  /** The broker's socket; undefined if files are only listed and nothing runs. */
  readonly path: string | undefined
  readonly servers: readonly string[]
  readonly lease: 'file' | 'on-use'
  /**
   * The version of each server, or the reason why it could not be found. For files that ask before they have a lease.
   * Present only if such files can exist: with `lease: 'on-use'`, and in a run that lists files.
   */
  readonly versions?: Readonly<Record<string, string | SerializedError>> | undefined
  /** The run stops after a number of failed tests, and the runner does not count files that cannot run. */
  readonly bails?: boolean | undefined
}

/**
 * A worker, whichever connection it uses. A vm pool opens a new connection for every file, and leaves the old ones
 * open.
 */
export interface WorkerIdentity {
  readonly pid: number
  readonly thread: number
}

/**
 * The requests of a worker to the broker, each with its parameters and its answer. `member` is an instance of a cluster;
 * by default, the instance that the cluster's address is.
 */
export interface BrokerRequests {
  /** Begins a test file: ends every lease that this worker still has. Later requests need not wait for the answer. */
  begin: { params: { worker: WorkerIdentity; slot: number; file?: string | undefined }; result: null }
  /** Names the test file, if its runner told the name after the file had begun. */
  nameFile: { params: { file: string }; result: null }
  /** Leases a server by its name in the config. With a config, leases a server of the file's own. */
  lease: {
    params: { server: string; config?: Record<string, unknown> | undefined; baseDir?: string | undefined }
    result: LeasedServerInfo
  }
  /** A test or a hook uses a server, so other files need a fresh server. */
  use: { params: { server: string }; result: null }
  /** The file's last hook has run. Its servers go to files that wait for a server, now or later. */
  offer: { params: Record<string, never>; result: null }
  /** Continues a file that had offered its servers. Fails if another file has got one of the servers meanwhile. */
  reclaim: { params: Record<string, never>; result: null }
  /** Gives one server back before the file ends. */
  release: { params: { server: string }; result: null }
  /** Starts a server that does not run, with an empty directory. Resumes a paused server. */
  ensure: { params: { server: string; member?: string | undefined }; result: LeasedServerInfo }
  start: {
    params: { server: string; member?: string | undefined; recreate: boolean }
    result: LeasedServerInfo
  }
  /** `record`: from the restart on, the server records its changes, whatever its isolation. */
  restart: {
    params: { server: string; member?: string | undefined; recreate: boolean; record?: boolean | undefined }
    result: LeasedServerInfo
  }
  /**
   * Puts another, new process on the same address: the spare, or a process that starts now. From then on, a spare is
   * kept.
   */
  renew: { params: { server: string }; result: LeasedServerInfo }
  /** Like `renew`, but the current process stands aside unchanged, and `comeBack` gives it the address again. */
  stepAside: { params: { server: string; spare: boolean }; result: LeasedServerInfo }
  comeBack: { params: { server: string }; result: LeasedServerInfo }
  stop: { params: { server: string; member?: string | undefined }; result: null }
  signal: { params: { server: string; member?: string | undefined; signal: string }; result: null }
  /** Makes a fault of links: see `LeasableServer.makeFault`. */
  fault: {
    params: { server: string; fault: Fault; places?: LinkPlace[] | undefined; isUndo?: boolean | undefined }
    result: null
  }
  /** How the server ended by itself; null while it runs. */
  crash: { params: { server: string; member?: string | undefined }; result: Death | null }
  /** Names the test that has the server from now on; undefined between two tests. For `log: 'live'`. */
  atTest: { params: { server: string; test?: string | undefined }; result: null }
  /** Prints a step of the worker, if the environment asks for the fixture's own steps. */
  trace: { params: { server: string; step: string }; result: null }
  /** Tells what has happened on a server, for the report of the run. */
  note: { params: { server: string; events: readonly WorkerEvent[] }; result: null }
  /**
   * Reports a failed test. With `keep: 'on-failure'`, the data is kept. With `hold: 'on-failure'`, the server is held, and
   * another process gets its address. `isNeeded`: the tests that follow expect the data, so the process has to stay.
   * Without `isNeeded`, the server is not held.
   */
  failed: {
    params: { server: string; test?: string | undefined; isNeeded?: boolean | undefined }
    result: FailedServer
  }
  /** Asks all instances of a cluster for an operation of the agent. `keep`: the number of levels that stay. */
  isolate: { params: { server: string; operation: AgentOperation; keep: number }; result: ClusterReply }
  /** The name of a replica set's writable instance. */
  leader: {
    params: { server: string; replicaset?: string | undefined; timeout?: number | undefined }
    result: string
  }
  /** Waits for a leader other than `not`. The name of the replica set's writable instance. */
  waitForLeader: {
    params: {
      server: string
      not?: string | undefined
      replicaset?: string | undefined
      timeout?: number | undefined
    }
    result: string
  }
  waitForFullMesh: {
    params: { server: string; timeout?: number | undefined; onlyRunning?: boolean | undefined }
    result: null
  }
  waitForVclock: {
    params: { server: string; of?: string | undefined; timeout?: number | undefined }
    result: null
  }
  /** Adds a member to a replica set, or removes one. Answers with its name, and with the set as it is then. */
  addReplica: {
    params: { server: string; options: Record<string, unknown> }
    result: { name: string; info: LeasedServerInfo }
  }
  remove: { params: { server: string; member: string }; result: LeasedServerInfo }
  /** Lets a cluster apply another config: a path, or the config itself. By default, reads the application's own. */
  reload: { params: { server: string; config?: string | Record<string, unknown> | undefined }; result: null }
  /** Lays further options over a cluster's config. */
  set: { params: { server: string; overlay?: Record<string, unknown> | undefined }; result: null }
  /** All servers of the run, for the command line. Such a client begins no file. */
  overview: { params: Record<string, never>; result: RunOverview }
}

export type RequestName = keyof BrokerRequests

export interface RequestMessage<Name extends RequestName = RequestName> {
  readonly id: number
  readonly method: Name
  readonly params: BrokerRequests[Name]['params']
}

/** An error as JSON. */
export interface SerializedError {
  readonly name: string
  readonly message: string
  readonly code?: string | undefined
  readonly fields?: Record<string, unknown> | undefined
}

export type ReplyMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: SerializedError }
