import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import type { Logger } from '../../config/options.ts'
import { pathWeakness } from '../../trusted-path.ts'
import { tellOnce } from '../failure/tell-once.ts'
import { ownDirectory } from './own-directory.ts'

// A unix socket's path has at most 103 bytes on macOS, 107 elsewhere. We subtract `/tnt-12345678/console.sock`, and room
// for the directory of a test run around it.
const longestPlace = (process.platform === 'darwin' ? 103 : 107) - 26 - 13

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

const isSafe = (base: string): boolean => pathWeakness(base, { shared: true }) === undefined
const isShort = (place: string): boolean => Buffer.byteLength(place) <= longestPlace

/**
 * Default place for the directories of runs and instances: the user's own directory in the system's temporary directory.
 * Another temporary directory is used if socket paths would get too long in the first, or if other users could replace
 * it.
 */
export function defaultPlace(): string {
  const usual = resolve(tmpdir())
  const bases = [usual, '/tmp', '/var/tmp', process.env.XDG_RUNTIME_DIR].filter(base => base !== undefined)
  const base = bases.find(base => isWritable(base) && isSafe(base) && isShort(ownDirectory(base)))
  return ownDirectory(base ?? usual)
}

/**
 * The user's own directory that all of the user's processes agree on, whatever their temporary directories. Undefined if
 * no place is suitable.
 */
export function sharedPlace(): string | undefined {
  const base = ['/tmp', '/var/tmp', resolve(tmpdir())].find(path => isWritable(path) && isSafe(path))
  return base === undefined ? undefined : ownDirectory(base)
}

/**
 * The place in which instances with this `root` make their directories: the root, or the user's own directory in it if
 * others can write to the root. A root that others can replace is not used, and a log line says so.
 */
export function placeOf(root: string | undefined, logger: Logger | undefined): string {
  if (root === undefined) return defaultPlace()
  const weakness = pathWeakness(root)
  if (weakness === undefined) return root
  if (isSafe(root)) return ownDirectory(root)
  const place = defaultPlace()
  tellOnce(`${weakness}: the servers' directories are made in ${place}, not in the root ${root}`, logger)
  return place
}
