import { forkServer } from '../prefork/zygotes.ts'
import { TarantoolProcess } from '../process.ts'
import type { ServerCommand } from './program.ts'

/** Makes the process of a server. Forks it where that is possible, and spawns it elsewhere. */
export async function makeProcess(command: ServerCommand): Promise<TarantoolProcess> {
  const forked = command.prefork && (await forkServer(command.command, command.prefork))
  return forked ? TarantoolProcess.forked(forked, command.logFile) : TarantoolProcess.spawn(command)
}
