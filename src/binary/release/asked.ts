import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DownloadError, VersionNotFoundError } from '../../errors.ts'
import { makeDirectories } from '../../make-directories.ts'
import { withoutSecrets } from '../download/failure.ts'
import { type OperatingSystem, systemKey } from '../system.ts'
import type { WantedVersion } from '../wanted.ts'
import { releasesRoot } from './store.ts'

// In milliseconds.
const day = 24 * 60 * 60_000

/** The question which release of a version is the newest, as a mirror answers it for a system. */
export interface Question {
  /** The cache. */
  readonly root: string
  readonly wanted: WantedVersion
  readonly system: OperatingSystem
  readonly mirror: string
}

interface Failure {
  readonly kind: 'download' | 'version'
  readonly message: string
  readonly hint?: string | undefined
}

/** A name for files about a question. */
export function questionKey({ wanted, system, mirror }: Question): string {
  const parts = [wanted.major, wanted.minor ?? '', wanted.patch ?? '', systemKey(system), mirror]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

const placeOf = (question: Question): string =>
  join(releasesRoot(question.root), '.asked', `${questionKey(question)}.json`)

/** Notes that a question was asked now, and whether there was no answer. Best effort. */
export function noteAsked(question: Question, error?: unknown): void {
  const kind =
    error instanceof DownloadError ? 'download' : error instanceof VersionNotFoundError ? 'version' : undefined
  const failure: Failure | undefined = kind && {
    kind,
    message: (error as DownloadError).summary,
    hint: (error as DownloadError).hint,
  }
  try {
    const place = placeOf(question)
    makeDirectories(dirname(place), 0o755)
    writeFileSync(
      place,
      JSON.stringify({ version: question.wanted.text, mirror: withoutSecrets(question.mirror), failure }),
    )
  } catch {
    // It is asked again then.
  }
}

/** Whether a question was asked within the last day, so that it is not asked again. */
export function wasAskedToday(question: Question): boolean {
  const age = Date.now() - (statSync(placeOf(question), { throwIfNoEntry: false })?.mtimeMs ?? 0)
  // A clock that was set back must not keep an old copy for ever.
  return age < day && age > -day
}

/** The failure of another process that asked a question after a moment in time. */
export function failureSince(question: Question, moment: number): Error | undefined {
  try {
    const place = placeOf(question)
    if (statSync(place).mtimeMs < moment) return undefined
    const { failure } = JSON.parse(readFileSync(place, 'utf8')) as { failure?: Failure }
    if (!failure) return undefined
    const { kind, message, hint } = failure
    return kind === 'download' ? new DownloadError(message, { hint }) : new VersionNotFoundError(message, { hint })
  } catch {
    return undefined
  }
}
