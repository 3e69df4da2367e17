import type { ResolvedOptions } from '../../config/resolve.ts'
import type { ErrorDetails } from '../../errors.ts'
import { toUri } from '../place/addresses.ts'
import type { LineMap } from '../start/init-template.ts'

/** What every error of an instance says about it. */
export interface ServerDetails extends ErrorDetails {
  readonly instance: string
  readonly logTail: readonly string[]
}

/** How a server is to stand by. */
export interface Standby {
  /** What a user can do about a server that cannot start beside the one before it. */
  readonly advice?: string | undefined
}

/** What is known of the server whose start failed. */
export interface FailureContext extends ServerDetails {
  /** What it was to listen on, as messages call it. */
  readonly listen: string
  readonly console: string
  /** Those of the two that the user did not fix. */
  readonly chosen: readonly string[]
  readonly lineMap: LineMap
  /** Set if the server was to stand by, while another server has its address. */
  readonly standby: Standby | undefined
}

/**
 * How messages call a server: `Tarantool[127.0.0.1:34567]`.
 *
 * @param chosen the port, if the fixture has chosen one
 */
export function fingerprintOf(
  { host, port, versionInName }: ResolvedOptions,
  chosen: number | string | undefined,
  isSpare: boolean,
): string {
  const name = versionInName === undefined ? 'Tarantool' : `Tarantool ${versionInName}`
  return `${isSpare ? 'spare ' : ''}${name}[${toUri(host, chosen ?? port ?? '?')}]`
}
