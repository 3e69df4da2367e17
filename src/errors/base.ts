import { recogniseCopies } from '../copies.ts'
import { documentation } from '../documentation.ts'

/** Facts about the instance that an error concerns. Every field is optional. */
export interface ErrorDetails {
  /** The server's fingerprint, `Tarantool[127.0.0.1:34567]`. */
  instance?: string | undefined
  /** The last lines of the server's log, oldest first. */
  logTail?: readonly string[] | undefined
  /** The log lines that the message shows. Default: all lines of the log. */
  shownLog?: readonly string[] | undefined
  /** The path of the whole log, if the file still exists. */
  logFile?: string | undefined
  /** The user's own code raised the error, so the documentation has no advice. Default false. */
  isUsersOwn?: boolean | undefined
  /** The advice to the user: one sentence or a few lines. */
  hint?: string | undefined
  /** The frames of the Lua code that raised the error, innermost first. */
  luaFrames?: readonly string[] | undefined
  /** The cause of this error. */
  cause?: unknown
}

function compose(message: string, code: string, details: ErrorDetails): string {
  const parts = [`${message} [${code}]`]
  if (details.luaFrames?.length) parts.push(details.luaFrames.map(frame => `  ${frame}`).join('\n'))
  if (details.hint) parts.push(details.hint)
  if (!details.isUsersOwn) parts.push(`See ${documentation}/errors.md#${code.toLowerCase()}`)
  const log = details.shownLog ?? details.logTail
  if (log?.length) {
    const of = details.instance ? ` of ${details.instance}` : ''
    const kept = details.logFile ? ` (full log: ${details.logFile})` : ''
    parts.push(`Last log lines${of}${kept}:\n${log.map(line => `  ${line}`).join('\n')}`)
  } else if (details.logFile) {
    parts.push(`Full log: ${details.logFile}`)
  }
  return parts.join('\n')
}

/**
 * The base of every error that this package throws on purpose.
 *
 * `code` is stable, so programs can branch on it. `message` says what failed, on which server and why, then what to do
 * and where the documentation says more.
 *
 * @example
 * try { await instance.start() } catch (error) {
 *   if (error instanceof PortTakenError) console.error(error.address, error.code)
 * }
 */
export class TarantoolFixtureError extends Error {
  /** The `code` of every instance of the class. */
  static readonly code: string = 'ERR_TARANTOOL_FIXTURE'

  /** @internal */
  static {
    recogniseCopies(TarantoolFixtureError)
  }

  /** Stable and unique to the class, such as `ERR_TARANTOOL_PORT_TAKEN`. */
  readonly code: string
  /** The message without hint and log. */
  readonly summary: string
  /** The server's fingerprint, `Tarantool[127.0.0.1:34567]`. */
  readonly instance: string | undefined
  /** The last lines of the server's log, oldest first; empty if there is no log. */
  readonly logTail: readonly string[]
  /** The path of the whole log, if the file still exists. */
  readonly logFile: string | undefined
  /** The advice to the user: one sentence or a few lines. */
  readonly hint: string | undefined

  /** @internal */
  constructor(message: string, details: ErrorDetails = {}) {
    const { code } = new.target
    super(compose(message, code, details), details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.code = code
    this.summary = message
    this.instance = details.instance
    this.logTail = details.logTail ?? []
    this.logFile = details.logFile
    this.hint = details.hint
  }
}
