import type { LeasedServerInfo, ProcessInfo } from './leased-info.ts'

/** The data of a failed test: the directory that has the data, or the reason why none has. */
export type KeptData = { readonly directory: string } | { readonly reason: string }

/** The answer to the report of a failed test: its data, and its server. */
export interface FailedServer {
  /** Set if the data is kept, or was to be kept. */
  readonly kept?: KeptData | undefined
  /** Set if the server was to be held: the server at its new address, or the reason why it is not held. */
  readonly hold?: { readonly held: ProcessInfo } | { readonly reason: string } | undefined
  /** Set if another process has the address now. */
  readonly successor?: LeasedServerInfo | undefined
}

/** A server that runs on after its test has failed. */
export interface HeldServer {
  /** The name of the server in the config. */
  readonly server: string
  /** Undefined for a failed hook of a file. */
  readonly test?: string | undefined
  readonly testFile?: string | undefined
  /** The time at which the test failed, in milliseconds since 1970. */
  readonly since: number
  readonly info: ProcessInfo
}
