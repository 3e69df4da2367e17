import { placeInCluster, type ResolvedOptions } from '../../config/resolve.ts'
import type { ErrorDetails } from '../../errors.ts'
import { toUri } from '../place/addresses.ts'
import type { LineMap } from '../start/init-template.ts'

/** The facts about an instance that each of its errors contains. */
export interface ServerDetails extends ErrorDetails {
  readonly instance: string
  readonly logTail: readonly string[]
}

/** The conditions of a server that is to stand by. */
export interface Standby {
  /** The advice to a user whose server cannot start beside its predecessor. */
  readonly advice?: string | undefined
}

/** The facts about a server whose start failed. */
export interface FailureContext extends ServerDetails {
  /** The address on which the server was to listen, in the form of messages. */
  readonly listen: string
  readonly console: string
  /** The named ports that the application was to bind. */
  readonly ports: Readonly<Record<string, number>>
  /** The addresses, of these, that the user did not fix. */
  readonly chosen: readonly string[]
  readonly lineMap: LineMap
  /** The server is a member of a replica set, whose application runs when the schema of the others has arrived. */
  readonly isMember?: boolean | undefined
  /** Set if the server was to stand by, while another server has its address. */
  readonly standby: Standby | undefined
}

/**
 * The name of a server in messages: `Tarantool[127.0.0.1:34567]`.
 *
 * @param chosen the port, if the fixture has chosen one
 */
export function fingerprintOf(options: ResolvedOptions, chosen: number | string | undefined, isSpare: boolean): string {
  const { host, port, versionInName } = options
  const member = placeInCluster(options)
  const program = versionInName === undefined ? 'Tarantool' : `Tarantool ${versionInName}`
  const name = member ? `${program} ${member.name}` : program
  return `${isSpare ? 'spare ' : ''}${name}[${toUri(host, chosen ?? port ?? '?')}]`
}
