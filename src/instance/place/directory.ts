import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RootNotWritableError } from '../../errors.ts'
import { type Owner, thisOwner } from '../owner/owner.ts'
import { reaper } from '../owner/reaper.ts'

/** What an instance's directory is named with, before eight random characters. */
export const directoryPrefix = 'tnt-'
const markerFile = '.tarantool-fixture.json'

/** A name for a new instance's directory below `root`. Short: a unix socket's whole path has 103 bytes on macOS. */
export function newDirectoryPath(root: string): string {
  return join(root, directoryPrefix + randomBytes(6).toString('base64url').replaceAll(/[-_]/g, 'x'))
}

interface Marker extends Owner {
  /** The directory outlives its owner. */
  readonly keep: boolean
}

function writeMarker(path: string, keep: boolean): void {
  writeFileSync(join(path, markerFile), JSON.stringify({ ...thisOwner(), keep } satisfies Marker))
}

/**
 * Makes an instance's directory, for its owner only, with the file that says whose it is. The reaper hears of it first,
 * so that there is no moment at which the owner could die and leave it.
 */
export function makeDirectory(path: string, options: { keep: boolean }): void {
  if (!options.keep) reaper.directory(path)
  let made = false
  try {
    mkdirSync(dirname(path), { recursive: true })
    mkdirSync(path, { mode: 0o700 })
    made = true
    writeMarker(path, options.keep)
  } catch (error) {
    if (made) rmSync(path, { recursive: true, force: true })
    reaper.gone(path)
    throw new RootNotWritableError(`cannot make the directory ${path}: ${(error as Error).message}`, {
      hint: "The option 'root' names another place for the instances' directories.",
      cause: error,
    })
  }
}

/** Lets a directory outlive its owner: no reaper and no sweep removes it. */
export function keepDirectory(path: string): void {
  reaper.gone(path)
  if (markerOf(path)) writeMarker(path, true)
}

/** What a directory's marker file says; undefined for a directory that is not ours. */
export function markerOf(path: string): Marker | undefined {
  try {
    const { pid, scope, started, keep } = JSON.parse(readFileSync(join(path, markerFile), 'utf8')) as Partial<Marker>
    if (typeof pid !== 'number' || typeof scope !== 'string' || typeof started !== 'string') return
    return { pid, scope, started, keep: keep === true }
  } catch {
    return
  }
}

const whole = { recursive: true, force: true, maxRetries: 3 } as const

/** Removes a directory of ours, and no other. Its marker goes last: who dies in the midst leaves one that can be swept. */
export function removeDirectory(path: string): void {
  if (markerOf(path)) {
    for (const name of readdirSync(path)) if (name !== markerFile) rmSync(join(path, name), whole)
    rmSync(path, whole)
  }
  reaper.gone(path)
}
