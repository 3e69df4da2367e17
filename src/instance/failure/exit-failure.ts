import { ServerExitedError, ServerKilledError, type TarantoolFixtureError } from '../../errors.ts'
import { asPlainLine } from '../../log/plain-line.ts'
import type { ProcessExit } from '../control/exit.ts'
import { withoutBootLines } from './boot-lines.ts'
import type { FailureContext, ServerDetails } from './details.ts'
import { unwrittenByServer } from './not-writable.ts'
import { logSaysTaken, portTaken } from './port-failure.ts'
import { errorOfSource, membersHint, saysNeverToReplicate } from './replication-failure.ts'
import { standbyHint } from './standby-hint.ts'

/** Says how a process ended: `exit code 1`, `signal SIGKILL`. */
function describeExit({ exitCode, signal }: ProcessExit): string {
  if (signal !== undefined) return `signal ${signal}`
  return exitCode === undefined ? 'no process' : `exit code ${exitCode}`
}

/**
 * Makes an error of a server that ended by itself.
 *
 * @param when the time of the exit in the server's life, such as 'right after it was ready'; empty if the time says
 * nothing
 */
export function errorOfOwnEnd(exit: ProcessExit, when: string, details: ServerDetails): ServerExitedError {
  const { exitCode, signal } = exit
  const message = ['has ended by itself', when].filter(text => text !== '').join(' ')
  return new ServerExitedError(`${details.instance} ${message}: ${describeExit(exit)}`, {
    ...details,
    exitCode,
    signal,
  })
}

/** Makes an error of a server that ended before it did the requested work: `answered`. */
export function errorOfEnd(
  exit: ProcessExit,
  before: string,
  details: ServerDetails,
  cause?: unknown,
): ServerExitedError {
  const { exitCode, signal } = exit
  return new ServerExitedError(`${details.instance} ended (${describeExit(exit)}) before it ${before}`, {
    ...details,
    exitCode,
    signal,
    cause,
  })
}

/** Makes an error of a server that ended before it reported anything. */
export function errorOfExit(exit: ProcessExit, server: FailureContext): TarantoolFixtureError {
  const context = { ...server, shownLog: withoutBootLines(server.logTail) }
  const panic = context.logTail.map(asPlainLine).findLast(line => / F> /.test(line))
  // 2.6.0 panics if a port is taken. Newer versions raise a Lua error, which the boot script reports.
  if (panic && logSaysTaken(context.logTail)) {
    return portTaken(context.listen, context)
  }
  if (panic && saysNeverToReplicate(panic)) return errorOfSource(context)
  const unwritten = panic === undefined ? undefined : unwrittenByServer(context.logTail.map(asPlainLine), context)
  if (unwritten) return unwritten
  const reason = panic ? `: ${panic.replace(/^.* F> /, '')}` : ''
  if (exit.signal !== undefined) {
    return new ServerKilledError(`${context.instance} was killed by ${exit.signal} before it was ready${reason}`, {
      ...context,
      signal: exit.signal,
    })
  }
  return new ServerExitedError(`${context.instance} exited with code ${exit.exitCode} before it was ready${reason}`, {
    ...context,
    exitCode: exit.exitCode,
    hint:
      exit.exitCode === 0
        ? 'Does the init script call os.exit?'
        : (membersHint(context.logTail) ?? standbyHint(context)),
  })
}
