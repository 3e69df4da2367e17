import type { TarantoolFixtureError } from '../../errors.ts'
import type { Version } from '../../version/version.ts'
import type { ProcessExit } from '../control/exit.ts'
import type { FailureContext } from '../failure/details.ts'
import type { InstanceAddresses } from '../place/addresses.ts'
import type { ForkOrder } from '../prefork/order.ts'
import type { ProcessSpec } from '../process.ts'

/** The places of a server's files, and its addresses. */
export interface ServerPlace {
  readonly directory: string
  /** The script with which Tarantool is started. */
  readonly bootFile: string
  readonly logFile: string
  /** Undefined for a process that only reads a config, and listens nowhere. */
  readonly addresses: InstanceAddresses | undefined
}

/** The command to spawn for a server, and the meaning of its end. */
export interface ServerCommand extends ProcessSpec {
  /** Set if a fork of a running Tarantool gives the same server as a spawn. */
  readonly prefork?: ForkOrder | undefined
  /** Explains an end before the server was ready, if the server itself is not the cause. */
  readonly errorOfExit?: ((exit: ProcessExit, context: FailureContext) => TarantoolFixtureError | undefined) | undefined
}

/** The replication sources of a server. */
interface ReplicationRoute {
  /** The sources in the form for the server itself. */
  readonly sources: string | readonly string[] | undefined
  /** Makes the sources reachable for the server. The function that it returns undoes this. */
  open(): Promise<() => void>
}

/** A Tarantool that can run now. */
export interface ReadyProgram {
  /** The program's name in a list of templates. */
  readonly name: string
  /** The server's environment, if it is known here. */
  readonly environment: Readonly<Record<string, string>>
  /** The program's identity. A program with another identity may make other data from the same seed. */
  identity(): unknown
  command(place: ServerPlace): ServerCommand
  /** Default: the server reaches the sources as they are. */
  replicationRoute?(sources: string | readonly string[] | undefined, directory: string): ReplicationRoute
}

/** The Tarantool of an instance: a binary of this machine, or one in an image. */
export interface Program {
  /** The version that the program reports. */
  version(): Promise<Version>
  /** Finds, downloads or pulls the program, and announces it: the work that can be done before the program runs. */
  obtain(signal?: AbortSignal): Promise<void>
  /** Obtains the program for a start. The time does not count towards the server's timeout. */
  prepare(signal: AbortSignal): Promise<ReadyProgram>
}
