import { ConnectionError } from '../../errors.ts'
import type { ProcessExit } from '../control/exit.ts'
import type { TarantoolProcess } from '../process.ts'

// How long, in milliseconds, a server whose connection broke is given to be seen as ended.
const endIsSeenWithin = 500

/** The exit of a server that explains an error of its connection: the end of the connection is heard of first. */
export async function exitBehind(error: unknown, process: TarantoolProcess): Promise<ProcessExit | undefined> {
  return error instanceof ConnectionError ? await process.exitWithin(endIsSeenWithin) : undefined
}
