import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import type { ServerOptions } from '../config/fixture-config.ts'
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

// What another try may go without: the machine was busy, or somebody else was in the way.
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

/** Tells servers apart by what they are made of: equal ones start alike, whatever their names. */
export function kindOf(server: ServerOptions, baseDir: string): string {
  const text = JSON.stringify([server, baseDir], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
  return createHash('sha256').update(text).digest('hex')
}

/**
 * What one run knows of starts that failed: an application that cannot work is started once, and told in full once. A kind
 * of server of which one has come up is not broken, whatever befalls others: two of them may want one port.
 */
export class FailedStarts {
  readonly #cameUp = new Set<string>()
  readonly #reasons = new Map<string, Error>()
  /** What was told in full, with the test file that was told. */
  readonly #told = new Map<string, string | undefined>()
  readonly #tellsInFull: boolean

  /** @param tellsInFull each test file is told in full: of those that fail at a time, one is shown */
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

  /** Why no server of a kind can start; undefined where it is worth a try. */
  reason(kind: string): Error | undefined {
    return this.#reasons.get(kind)
  }

  /** The error as a test file is told: in full the first time, in one line that refers to that from then on. */
  tell(error: unknown, file: string | undefined): unknown {
    if (this.#tellsInFull || !(error instanceof TarantoolFixtureError) || error instanceof LeaseError) return error
    const text = textOf(error)
    if (this.#told.has(text)) return reminderOf(error, this.#told.get(text))
    this.#told.set(text, file)
    return error
  }

  /** Another run begins: what was in the way may be away. */
  beginRun(): void {
    this.#reasons.clear()
    this.#told.clear()
  }
}

// Each server has a name of its own, by its port.
const withoutNames = (text: string): string => text.replace(/(?:spare )?Tarantool\[[^\]]*\]/g, 'Tarantool')

function textOf(error: TarantoolFixtureError): string {
  const { luaStack } = error as { luaStack?: string | undefined }
  return withoutNames([error.code, error.summary, luaStack].join('\n'))
}

const referring = ' (told in full '

/** Whether a message refers to one that was told before. */
export const isReminder = (message: string): boolean => message.includes(referring)

function reminderOf(error: TarantoolFixtureError, file: string | undefined): TarantoolFixtureError {
  const [line = ''] = error.summary.replace(/ \([^()]* did not start\)/, '').split('\n')
  const where = file === undefined ? 'under the first test file that failed' : `under ${relative('', file)}`
  const summary = `${line}${referring}${where})`
  const reminder = Object.create(error) as TarantoolFixtureError
  return Object.assign(reminder, { message: `${summary} [${error.code}]`, summary, hint: undefined, logTail: [] })
}
