import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DownloadError, VersionNotFoundError } from '../../errors.ts'
import { makeDirectories } from '../../make-directories.ts'
import type { WantedVersion } from '../../version/wanted.ts'
import { withoutSecrets } from '../download/failure.ts'
import { type OperatingSystem, systemKey } from '../system.ts'
import { releasesRoot } from './store.ts'

// In milliseconds.
const day = 24 * 60 * 60_000

/** The question which release of a version is the newest, with a mirror's answer for a system. */
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
  readonly nearest?: readonly string[] | undefined
  readonly isElsewhere?: boolean | undefined
}

interface Note {
  readonly version: string
  readonly mirror: string
  /** In milliseconds since 1970. The note itself contains the time, because a copy of a cache has other file times. */
  readonly asked: number
  readonly failure?: Failure | undefined
}

/** A name for files about a question. */
export function questionKey({ wanted, system, mirror }: Question): string {
  const parts = [wanted.major, wanted.minor ?? '', wanted.patch ?? '', systemKey(system), mirror]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

const placeOf = (question: Question): string =>
  join(releasesRoot(question.root), '.asked', `${questionKey(question)}.json`)

function failureOf(error: unknown): Failure | undefined {
  if (error instanceof DownloadError) return { kind: 'download', message: error.summary, hint: error.hint }
  if (!(error instanceof VersionNotFoundError)) return undefined
  const { summary, hint, nearest, isElsewhere } = error
  return { kind: 'version', message: summary, hint, nearest, isElsewhere }
}

/** Notes that a question was asked now, and whether there was no answer. Best effort. */
export function noteAsked(question: Question, error?: unknown): void {
  const { text: version } = question.wanted
  const mirror = withoutSecrets(question.mirror)
  const note: Note = { version, mirror, asked: Date.now(), failure: failureOf(error) }
  try {
    const place = placeOf(question)
    makeDirectories(dirname(place), 0o755)
    writeFileSync(place, JSON.stringify(note))
  } catch {
    // Then the question is asked again.
  }
}

function noteOf(question: Question): Note | undefined {
  try {
    return JSON.parse(readFileSync(placeOf(question), 'utf8')) as Note
  } catch {
    return undefined
  }
}

/** True if a question was asked within the last day, so that it is not asked again. */
export function wasAskedToday(question: Question): boolean {
  const age = Date.now() - (noteOf(question)?.asked ?? 0)
  // A clock that was set back must not keep an old copy for ever.
  return age < day && age > -day
}

/** The failure of another process that asked a question after a given time. */
export function failureSince(question: Question, moment: number): Error | undefined {
  const { asked = 0, failure } = noteOf(question) ?? {}
  if (!failure || asked < moment) return undefined
  const { kind, message, ...details } = failure
  return kind === 'download' ? new DownloadError(message, details) : new VersionNotFoundError(message, details)
}
