import type { TarantoolFixtureError } from '../../errors.ts'
import type { Version } from '../../version/version.ts'
import type { ProcessExit } from '../control/exit.ts'
import type { FailureContext } from '../failure/details.ts'
import type { InstanceAddresses } from '../place/addresses.ts'
import type { ProcessSpec } from '../process.ts'

/** Where a server's files are, and where it listens. */
export interface ServerPlace {
  readonly directory: string
  /** What Tarantool is started with. */
  readonly bootFile: string
  readonly logFile: string
  readonly addresses: InstanceAddresses
}

/** What to spawn for a server, and what its end may mean. */
export interface ServerCommand extends ProcessSpec {
  /** Tells of an end before the server was ready that is not the server's own doing. */
  readonly errorOfExit?: ((exit: ProcessExit, context: FailureContext) => TarantoolFixtureError | undefined) | undefined
}

/** Where a server replicates from. */
interface ReplicationRoute {
  /** The sources as the server itself is to have them. */
  readonly sources: string | readonly string[] | undefined
  /** Makes them reachable for it; what it gives ends that. */
  open(): Promise<() => void>
}

/** A Tarantool that can be run as it is now. */
export interface ReadyProgram {
  /** As a list of templates names it. */
  readonly name: string
  /** The server's environment, as far as it is known here. */
  readonly environment: Readonly<Record<string, string>>
  /** What tells it from other programs: one of another identity may make other data of the same seed. */
  identity(): unknown
  command(place: ServerPlace): ServerCommand
  /** Default: the sources are reached as they are. */
  replicationRoute?(sources: string | readonly string[] | undefined, directory: string): ReplicationRoute
}

/** The Tarantool of an instance: a binary of this machine, or one in an image. */
export interface Program {
  /** The version that it says it has. */
  version(): Promise<Version>
  /** Finds it, downloads it or pulls it, and says so: what can be done before anything runs it. */
  obtain(signal?: AbortSignal): Promise<void>
  /** Obtains it for a start. Not on the server's time. */
  prepare(signal: AbortSignal): Promise<ReadyProgram>
}
