import { ConnectionError } from '../../errors.ts'
import type { ProcessExit } from '../control/exit.ts'
import type { TarantoolProcess } from '../process.ts'

// The time in milliseconds that a server whose connection broke may take to end.
const endIsSeenWithin = 500

/** The exit of a server that explains an error of its connection. The end of the connection is noticed first. */
export async function exitBehind(error: unknown, process: TarantoolProcess): Promise<ProcessExit | undefined> {
  return error instanceof ConnectionError ? await process.exitWithin(endIsSeenWithin) : undefined
}
