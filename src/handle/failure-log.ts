import { readTail, shownLines } from '../log/tail.ts'
import type { LeasedServer } from './leased-server.ts'

/** An error as test runners keep it. */
export interface ShownError {
  message: string
  stack?: string | undefined
}

/** What a server logged from an offset on, as it stands under an error; undefined when it was silent. */
export function describeLog(server: LeasedServer, when: string, since: number): string | undefined {
  const { lines, earlier } = readTail(server.log.path, since, shownLines)
  const { fingerprint, logFile, keepsOnFailure } = server.info
  // What is kept is worth a line, even where the server was silent.
  if (lines.length === 0 && !keepsOnFailure) return undefined
  const name = server.name === 'default' ? '' : ` (${server.name})`
  const file = keepsOnFailure ? logFile : `${logFile}, which keep: 'on-failure' keeps`
  if (lines.length === 0) return `${fingerprint}${name} logged nothing ${when} (whole log: ${file})`
  const omitted = earlier === 0 ? [] : [`(${earlier ?? 'many more'} lines before these)`]
  const log = [...omitted, ...lines].map(line => `  ${line}`).join('\n')
  return `${fingerprint}${name} logged ${when} (whole log: ${file}):\n${log}`
}

/** Puts a text under an error's message, in its stack too: some reporters show the one, some the other. */
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
