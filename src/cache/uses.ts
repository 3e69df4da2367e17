import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { makeDirectories } from '../make-directories.ts'
import { hasEnded, processScope } from './process-scope.ts'

const folder = '.uses'
// In milliseconds, longer than a run. Processes of other hosts cannot be asked whether they live.
const believedFor = 24 * 60 * 60_000

const noted = new Set<string>()

const placeOf = (entry: string): string => join(dirname(entry), folder)

/**
 * Notes that this process or thread uses an entry of the cache now and until it exits, so that no process removes the
 * entry. Best effort: nobody removes entries of a cache that is read-only.
 */
export function noteUse(entry: string): void {
  try {
    const now = new Date()
    utimesSync(entry, now, now)
    const note = join(placeOf(entry), `${basename(entry)}@${processScope()}@${process.pid}@${threadId}`)
    if (noted.has(note)) return
    makeDirectories(placeOf(entry), 0o755)
    writeFileSync(note, '', { mode: 0o644 })
    if (noted.size === 0) process.once('exit', () => noted.forEach(remove))
    noted.add(note)
  } catch {
    // The cache is read-only, or another user's.
  }
}

function remove(note: string): void {
  try {
    rmSync(note, { force: true })
  } catch {
    // The next process that looks removes it.
  }
}

function isOver(note: string): boolean {
  const [, scope, pid] = basename(note).split('@')
  if (scope === processScope()) return hasEnded(Number(pid))
  const status = statSync(note, { throwIfNoEntry: false })
  return !status || Date.now() - status.mtimeMs > believedFor
}

/** The entries of a directory of the cache that a process uses, by name. Removes notes of processes that have ended. */
export function entriesInUse(directory: string): Set<string> {
  const place = join(directory, folder)
  const used = new Set<string>()
  let notes: string[] = []
  try {
    notes = readdirSync(place)
  } catch {
    // No process has noted a use.
  }
  for (const note of notes) {
    if (isOver(join(place, note))) remove(join(place, note))
    else used.add(note.split('@')[0] ?? '')
  }
  return used
}
