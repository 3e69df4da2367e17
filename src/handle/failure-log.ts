import type { KeptData } from '../broker/messages.ts'
import { logFileName } from '../log/log-file.ts'
import { readTail, shownLines } from '../log/tail.ts'
import type { LeasedServer } from './leased-server.ts'

/** An error in the form of a test runner. */
export interface ShownError {
  message: string
  stack?: string | undefined
}

/** Some lines of a server's log. `earlier`: the number of lines before these; undefined if there are many. */
type LogPart = ReturnType<typeof readTail>

/** The lines that a server has logged from an offset on, as many as an error shows. */
export const readLog = (server: LeasedServer, since: number, count: number = shownLines): LogPart =>
  readTail(server.info.logFile, since, count)

interface LogContext {
  readonly when: string
  /** The data of the failed test. */
  readonly kept: KeptData | undefined
}

function keptLine(kept: KeptData): string {
  return 'directory' in kept
    ? `The data is kept as it is now: npx tarantool-fixture open ${kept.directory}`
    : `The data could not be kept as it is now: ${kept.reason}`
}

/** Lines of a server's log as text for an error; undefined if the server logged nothing. */
export function describeLog(server: LeasedServer, part: LogPart, context: LogContext): string | undefined {
  const text = logText(server, part, context)
  return context.kept === undefined ? text : `${text}\n${keptLine(context.kept)}`
}

function logText(server: LeasedServer, { lines, earlier }: LogPart, { when, kept }: LogContext): string | undefined {
  const { cluster, fingerprint, keepsOnFailure, memberOf } = server.info
  const logFile = kept && 'directory' in kept ? `${kept.directory}/${logFileName}` : server.info.logFile
  // A kept directory is worth a line, even if the server logged nothing.
  if (lines.length === 0 && !keepsOnFailure) return undefined
  const instance = memberOf === undefined ? cluster?.connect : server.name
  // The lines of several instances are told apart by their instances' names.
  const prefix = instance === undefined ? '  ' : `  ${instance} | `
  const name = [memberOf ?? server.name].map(text => (text === 'default' ? '' : ` (${text})`)).join('')
  const file = keepsOnFailure ? logFile : `${logFile}, removed after the run; set keep: 'on-failure' to keep it`
  if (lines.length === 0) return `${fingerprint}${name} logged nothing ${when} (full log: ${file})`
  const omitted = earlier === 0 ? [] : [`(${earlier ?? 'many more'} lines before these)`]
  const log = [...omitted, ...lines].map(line => prefix + line).join('\n')
  return `${fingerprint}${name} logged ${when} (full log: ${file}):\n${log}`
}

/** Appends a text to an error's message and to its stack: some reporters show the message, others the stack. */
export function appendToError(error: ShownError, text: string): void {
  const { message, stack } = error
  error.message = `${message}\n\n${text}`
  if (stack === undefined) return
  if (message !== '' && stack.includes(message)) {
    error.stack = stack.replace(message, () => error.message)
    return
  }
  // The stack was made before the message got its final form.
  const frames = /\n\s+at /.exec(stack)?.index ?? stack.length
  error.stack = `${stack.slice(0, frames)}\n\n${text}${stack.slice(frames)}`
}
