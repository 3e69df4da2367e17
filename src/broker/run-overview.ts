import type { HeldServer } from './failed-server.ts'
import type { LeasedServerInfo } from './leased-info.ts'

/** A server of a run, as a person sees it who looks at the run. */
export interface ServerOverview {
  readonly name: string
  /** The number of the worker that the server is for, among those that run at once. */
  readonly slot: number
  /** `'running'`, `'starting'` and so on. */
  readonly state: string
  /** The lease; undefined for a free server. */
  readonly lease?: LeaseOverview | undefined
  /** Set while the server runs. */
  readonly info?: LeasedServerInfo | undefined
}

/** A lease, as a person sees it who looks at the run. */
export interface LeaseOverview {
  /** The test file, as its runner names it. */
  readonly file?: string | undefined
  /** The worker's process id. */
  readonly worker?: number | undefined
  /** The time at which the worker asked for the server, in milliseconds since 1970. */
  readonly since: number
}

/** A run, as a person sees it who looks at it from outside. */
export interface RunOverview {
  /** The process that owns the servers. */
  readonly pid: number
  /** The working directory of that process. */
  readonly directory: string
  /** The time at which the run began, in milliseconds since 1970. */
  readonly since: number
  readonly servers: readonly ServerOverview[]
  /** The servers of failed tests that run on. */
  readonly held: readonly HeldServer[]
}
