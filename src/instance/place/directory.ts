import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RootNotWritableError } from '../../errors.ts'
import { insideDirectory, withDirectory } from '../../inside-directory.ts'
import { makeDirectories } from '../../make-directories.ts'
import { pathWeakness } from '../../trusted-path.ts'
import { notWritable } from '../failure/not-writable.ts'
import { reaper } from '../owner/reaper.ts'
import { markerFile, markerOf, writeMarker } from './marker.ts'
import { isOwnDirectory, randomName, removeOwnDirectory } from './own-directory.ts'

/** The prefix of the name of an instance's directory. Eight random characters follow. */
export const directoryPrefix = 'tnt-'

/** The directories that this process has made and not removed. `keep`: the directory outlives the process. */
const made = new Map<string, { keep: boolean }>()

/**
 * A path for a new directory of an instance or a run. The name is short, because macOS limits a unix socket's path to 103
 * bytes.
 */
export function newDirectoryPath(place: string): string {
  return join(place, directoryPrefix + randomName(6))
}

/**
 * Makes the directory of an instance or a run, for its owner only, with the marker file that names the owner. The reaper
 * hears of the directory first. So the owner cannot die at a moment when nobody would remove it.
 *
 * @throws RootNotWritableError
 */
export function makeDirectory(path: string, options: { keep: boolean }): void {
  if (!options.keep) reaper.directory(path)
  let isThere = false
  try {
    makeIn(dirname(path), path)
    isThere = true
    writeMarker(path, options.keep)
    made.set(path, options)
  } catch (error) {
    if (isThere) rmSync(path, { recursive: true, force: true })
    reaper.gone(path)
    if (error instanceof RootNotWritableError) throw error
    throw notWritable(`cannot make the directory ${path}`, error)
  }
}

// Another process of this user can remove the user's own directory at any time, when its last run ends.
function makeIn(parent: string, path: string): void {
  for (let attempt = 1; ; attempt++) {
    makeParent(parent)
    try {
      // The parent was checked, so nobody else can have put a link in its place.
      insideDirectory(parent, at => mkdirSync(join(at, basename(path)), { mode: 0o700 }))
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 5) throw error
    }
  }
}

function makeParent(parent: string): void {
  // If somebody removed a run's directory during the run, the function makes it again with the same `keep`.
  const before = made.get(parent)
  if (before && !existsSync(parent)) makeIn(dirname(parent), parent)
  refuseWeak(parent)
  makeDirectories(parent, 0o700)
  refuseWeak(parent)
  if (before && !markerOf(parent)) writeMarker(parent, before.keep)
  if (isOwnDirectory(parent)) reaper.home(parent)
}

function refuseWeak(parent: string): void {
  const weakness = pathWeakness(parent)
  if (weakness === undefined) return
  throw new RootNotWritableError(`no directory is made in ${parent}: ${weakness}`, {
    hint: "A user who can replace a server's files can run programs as you. Set the option 'root' to another place.",
  })
}

/** True for a directory of the fixture that has not been removed by its owner. */
export const isDirectoryInUse = (path: string): boolean => made.has(path) || markerOf(path) !== undefined

/** Lets a directory outlive its owner: no reaper and no sweep removes it. */
export function keepDirectory(path: string): void {
  reaper.gone(path)
  made.delete(path)
  if (!markerOf(path)) return
  writeMarker(path, true)
  closeToOthers(path)
}

// Also closes files that Tarantool and the application wrote, because the user can copy the directory to a place that
// others can read.
function closeToOthers(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    try {
      if (entry.isDirectory()) closeToOthers(path)
      if (entry.isDirectory() || entry.isFile()) chmodSync(path, lstatSync(path).mode & 0o700)
    } catch {
      // The file belongs to another user, whom the server ran as.
    }
  }
}

const whole = { recursive: true, force: true, maxRetries: 3 } as const

/**
 * Removes a directory only if the fixture made it. The marker goes last: if this process dies halfway, a sweep can
 * still remove the rest.
 */
export function removeDirectory(path: string): void {
  if (markerOf(path)) {
    withDirectory(path, at => {
      for (const name of readdirSync(at)) if (name !== markerFile) rmSync(join(at, name), whole)
      rmSync(join(at, markerFile), whole)
    })
    rmSync(path, whole)
  }
  if (made.delete(path)) reaper.gone(path)
  removeOwnDirectory(dirname(path))
}
