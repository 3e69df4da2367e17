import type { FailedServer, KeptData } from '../broker/failed-server.ts'
import { consoleCommand } from '../broker/hold/command.ts'
import { logFileName } from '../log/log-file.ts'
import { readTail, shownLines } from '../log/tail.ts'
import type { LeasedServer } from './leased-server.ts'

/** An error in the form of a test runner. */
export interface ShownError {
  /** A test can throw what has no message. */
  message?: string | undefined
  stack?: string | undefined
}

/** Some lines of a server's log. `earlier`: the number of lines before these; undefined if there are many. */
type LogPart = ReturnType<typeof readTail>

/** The lines that a server has logged from an offset on, as many as an error shows. */
export const readLog = (server: LeasedServer, since: number, count: number = shownLines): LogPart =>
  readTail(server.info.logFile, since, count)

interface LogContext {
  readonly when: string
  /** The main process's answer to the report of the failure. */
  readonly outcome: FailedServer
  /** The outcome is told with another instance of the cluster. */
  readonly isTold?: boolean
}

function outcomeLines({ kept, hold }: FailedServer): string[] {
  const held =
    hold && 'held' in hold ? `The server runs on as ${hold.held.fingerprint}: ${consoleCommand(hold.held)}` : undefined
  const notHeld = hold && 'reason' in hold ? `The server is not held, because ${hold.reason}` : undefined
  return [held, notHeld, kept && keptLine(kept)].filter(line => line !== undefined)
}

function keptLine(kept: KeptData): string {
  return 'directory' in kept
    ? `The data is kept as it is now: npx tarantool-fixture open ${kept.directory}`
    : `The data could not be kept as it is now: ${kept.reason}`
}

/** The server of a failed test, as it was with the test. */
export type LoggedServer = Pick<LeasedServer, 'name' | 'info'>

/** Lines of a server's log as text for an error; undefined if there is nothing to say. */
export function describeLog(server: LoggedServer, part: LogPart, context: LogContext): string | undefined {
  const lines = [logText(server, part, context), ...(context.isTold ? [] : outcomeLines(context.outcome))]
  return lines.filter(line => line !== undefined).join('\n') || undefined
}

function logText({ name, info }: LoggedServer, { lines, earlier }: LogPart, context: LogContext): string | undefined {
  const { when, outcome } = context
  const { cluster, fingerprint, keepsOnFailure, memberOf } = info
  const directory = outcome.kept && 'directory' in outcome.kept ? outcome.kept.directory : undefined
  const instance = memberOf === undefined ? cluster?.connect : name
  const keptLog = [directory, instance, logFileName].filter(part => part !== undefined).join('/')
  const logFile = directory === undefined ? info.logFile : keptLog
  const isKept = keepsOnFailure || directory !== undefined
  // A kept directory is worth a line, even if the server logged nothing.
  if (lines.length === 0 && !isKept) return undefined
  // The lines of several instances are told apart by their instances' names.
  const prefix = instance === undefined ? '  ' : `  ${instance} | `
  const shownName = [memberOf ?? name].map(text => (text === 'default' ? '' : ` (${text})`)).join('')
  const file = isKept ? logFile : `${logFile}, removed after the run; set keep: 'on-failure' to keep it`
  if (lines.length === 0) return `${fingerprint}${shownName} logged nothing ${when} (full log: ${file})`
  const omitted = earlier === 0 ? [] : [`(${earlier ?? 'many more'} lines before these)`]
  const log = [...omitted, ...lines].map(line => prefix + line).join('\n')
  return `${fingerprint}${shownName} logged ${when} (full log: ${file}):\n${log}`
}

/** Appends a text to an error's message and to its stack: some reporters show the message, others the stack. */
export function appendToError(error: ShownError, text: string): void {
  const { message = '', stack } = error
  const longer = message === '' ? text : `${message}\n\n${text}`
  error.message = longer
  if (stack === undefined) return
  if (message !== '' && stack.includes(message)) {
    error.stack = stack.replace(message, () => longer)
    return
  }
  // The stack was made before the message got its final form.
  const frames = /\n\s+at /.exec(stack)?.index ?? stack.length
  error.stack = `${stack.slice(0, frames)}\n\n${text}${stack.slice(frames)}`
}
