import type { HeldServer } from '../broker/failed-server.ts'
import type { LeaseOverview } from '../broker/run-overview.ts'
import type { Address } from '../protocol/address.ts'

/** A server that runs now. */
export interface RunningServer {
  /** The name in the config, the name in its cluster, or the server's title. */
  readonly name: string
  readonly state: string
  /** The address of the binary protocol, as a URI without an account. */
  readonly uri?: string | undefined
  readonly pid?: number | undefined
  readonly version?: string | undefined
  readonly directory?: string | undefined
  readonly lease?: LeaseOverview | undefined
  /** The failed test that the server is held for. */
  readonly held?: HeldFor | undefined
  /** The console that only this user reaches. */
  readonly console?: Address | undefined
}

/** A test that has failed, and its file. */
export type HeldFor = Pick<HeldServer, 'test' | 'testFile' | 'since'>

export const withoutAccount = (uri: string): string => uri.slice(uri.lastIndexOf('@') + 1)
