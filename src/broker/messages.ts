import type { Death, ServerFacts } from '../isolation/server.ts'
import type { ServerAddress } from '../protocol/connections.ts'

/** What the main process tells the workers about one broker: plain JSON. */
export interface BrokerTicket {
  /** Its socket; undefined when files are only listed and nothing runs. */
  readonly path: string | undefined
  readonly servers: readonly string[]
  readonly lease: 'file' | 'on-use'
  /**
   * The version of each server, for files that ask before they have a lease; or why it could not be found. Only where such
   * files can be: with `lease: 'on-use'`, and where files are listed.
   */
  readonly versions?: Readonly<Record<string, string | SerializedError>> | undefined
  /** The run stops after a number of failed tests, and the runner does not count files that cannot run. */
  readonly bails?: boolean | undefined
}

/** A worker, wherever its connections come from: vm pools open a new one for every file, and leave the old ones. */
export interface WorkerIdentity {
  readonly pid: number
  readonly thread: number
}

/** What a worker is told of the server that it leases: plain JSON. */
export interface LeasedServerInfo extends ServerFacts {
  /** How messages call it. */
  readonly fingerprint: string
  readonly host: string
  readonly port: number | string
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
  /** Directories of finished servers stay when a test failed. */
  readonly keepsOnFailure: boolean
}

/** What a worker can ask of the broker, each with its parameters and its answer. */
export interface BrokerRequests {
  /** A test file begins: ends every lease that this worker still has. */
  begin: { params: { worker: WorkerIdentity; slot: number; file?: string | undefined }; result: null }
  /** A server by its name in the config; or, with a config, one of the file's own. */
  lease: {
    params: { server: string; config?: Record<string, unknown> | undefined; baseDir?: string | undefined }
    result: LeasedServerInfo
  }
  /** A test or a hook uses a server, so other files need a fresh one. */
  use: { params: { server: string }; result: null }
  /** The file's last hook has run: its servers go to files that wait for one, now or later. */
  offer: { params: Record<string, never>; result: null }
  /** A file that had offered its servers continues. Fails if another file has got one of them meanwhile. */
  reclaim: { params: Record<string, never>; result: null }
  /** Gives one server back before the file ends. */
  release: { params: { server: string }; result: null }
  /** Starts a server that does not run, with an empty directory; one that is paused is resumed. */
  ensure: { params: { server: string }; result: LeasedServerInfo }
  start: { params: { server: string; recreate: boolean }; result: LeasedServerInfo }
  /** `record`: from then on it records what changes, whatever its isolation. */
  restart: { params: { server: string; recreate: boolean; record?: boolean | undefined }; result: LeasedServerInfo }
  /** Another process on the same address, as new: the spare, if there is one. From then on one is kept. */
  renew: { params: { server: string }; result: LeasedServerInfo }
  /** Like `renew`, but the current process stands aside unchanged, and `comeBack` gives it the address again. */
  stepAside: { params: { server: string; spare: boolean }; result: LeasedServerInfo }
  comeBack: { params: { server: string }; result: LeasedServerInfo }
  stop: { params: { server: string }; result: null }
  signal: { params: { server: string; signal: string }; result: null }
  /** How the server ended; null while it runs. */
  crash: { params: { server: string }; result: Death | null }
  /** A test failed: what `keep: 'on-failure'` asks about. */
  failed: { params: { server: string }; result: null }
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
