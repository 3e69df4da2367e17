import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import type { ResolvedServer } from '../config/fixture-config.ts'
import {
  LeaseError,
  NotRunningError,
  PortTakenError,
  ReplicationError,
  ServerKilledError,
  StartAbortedError,
  StartTimeoutError,
  TarantoolFixtureError,
} from '../errors.ts'

// Such an error may not occur in a second try: the machine was busy, or another program was in the way.
const passing = [
  LeaseError,
  NotRunningError,
  PortTakenError,
  ReplicationError,
  ServerKilledError,
  StartAbortedError,
  StartTimeoutError,
]

const isLasting = (error: unknown): error is Error =>
  error instanceof TarantoolFixtureError && !passing.some(kind => error instanceof kind)

/** Identifies servers made from the same options. Such servers start alike, whatever their names. */
export function kindOf(server: ResolvedServer): string {
  const text = JSON.stringify(server, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
  return createHash('sha256').update(text).digest('hex')
}

/**
 * Remembers the failed starts of one run. An application that cannot work is started once and reported in full once. If
 * any server of a kind has come up, the kind is not broken. Its later failures have another cause: two servers may want
 * one port.
 */
export class FailedStarts {
  readonly #cameUp = new Set<string>()
  readonly #reasons = new Map<string, Error>()
  /** The failures that were reported in full, each with the test file that got the report. */
  readonly #told = new Map<string, string | undefined>()
  readonly #tellsInFull: boolean

  /**
   * @param tellsInFull reports every failure in full to each test file, because the runner may show only one of those
   *   files
   */
  constructor({ tellsInFull = false }: { tellsInFull?: boolean | undefined } = {}) {
    this.#tellsInFull = tellsInFull
  }

  cameUp(kind: string): void {
    this.#cameUp.add(kind)
    this.#reasons.delete(kind)
  }

  failed(kind: string, error: unknown): void {
    if (isLasting(error) && !this.#cameUp.has(kind)) this.#reasons.set(kind, error)
  }

  /** The reason why no server of this kind can start; undefined if a start is worth a try. */
  reason(kind: string): Error | undefined {
    return this.#reasons.get(kind)
  }

  /** The error for a test file: the full error the first time, later one line that refers to the first report. */
  tell(error: unknown, file: string | undefined): unknown {
    if (this.#tellsInFull || !(error instanceof TarantoolFixtureError) || error instanceof LeaseError) return error
    const text = textOf(error)
    if (this.#told.has(text)) return reminderOf(error, this.#told.get(text))
    this.#told.set(text, file)
    return error
  }

  /** Another run begins. Failed starts are tried again, because their causes may have ended. */
  beginRun(): void {
    this.#reasons.clear()
    this.#told.clear()
  }
}

// Removes server names: each contains a port, so equal failures of two servers would differ.
const withoutNames = (text: string): string =>
  text.replace(/(?:spare )?Tarantool(?: [\w.-]+){0,2}\[[^\]]*\]/g, 'Tarantool')

function textOf(error: TarantoolFixtureError): string {
  const { luaStack } = error as { luaStack?: string | undefined }
  return withoutNames([error.code, error.summary, luaStack].join('\n'))
}

const referring = ' (reported in full '

/** True if a message refers to an earlier report. */
export const isReminder = (message: string): boolean => message.includes(referring)

function reminderOf(error: TarantoolFixtureError, file: string | undefined): TarantoolFixtureError {
  const [line = ''] = error.summary.replace(/ \([^()]* did not start\)/, '').split('\n')
  const where = file === undefined ? 'under the first test file that failed' : `under ${relative('', file)}`
  const summary = `${line}${referring}${where})`
  const reminder = Object.create(error) as TarantoolFixtureError
  return Object.assign(reminder, { message: `${summary} [${error.code}]`, summary, hint: undefined, logTail: [] })
}
