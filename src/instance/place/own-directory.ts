import { randomBytes } from 'node:crypto'
import { lstatSync, opendirSync, rmdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ownUid } from '../../trusted-path.ts'

// The name is short, because the length of a unix socket's path is limited.
const usualName = `tnt-${ownUid}`
const otherPrefix = `${usualName}-`

// Another user can fill a shared directory with names, and must not slow down a start.
const entriesLookedAt = 4096

/** Random characters for a file's name. */
export function randomName(bytes: number): string {
  return randomBytes(bytes).toString('base64url').replaceAll(/[-_]/g, 'x')
}

// lstat, not stat: the user who made a link can change its target.
function isOurs(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false })
  return status?.isDirectory() === true && status.uid === ownUid && (status.mode & 0o077) === 0
}

/** Finds this user's own directories in `base`, besides the one with the usual name. */
export function otherOwnDirectories(base: string): string[] {
  const found: string[] = []
  try {
    const entries = opendirSync(base)
    try {
      for (let count = 0; count < entriesLookedAt; count++) {
        const entry = entries.readSync()
        if (!entry) break
        if (entry.name.startsWith(otherPrefix)) found.push(join(base, entry.name))
      }
    } finally {
      entries.closeSync()
    }
  } catch {
    // A directory that cannot be listed counts as empty.
  }
  return found.filter(isOurs)
}

const chosen = new Map<string, string>()

/**
 * The directory in `base` that only this user can enter. All of the user's runs are in it. It may not exist yet. Another
 * name is used if somebody else has made the directory with the usual name, or if it is a link or open to others.
 */
export function ownDirectory(base: string): string {
  const isFit = (path: string): boolean => !lstatSync(path, { throwIfNoEntry: false }) || isOurs(path)
  const known = [join(base, usualName), chosen.get(base)].find(path => path !== undefined && isFit(path))
  if (known !== undefined) return known
  const other = otherOwnDirectories(base)[0] ?? join(base, otherPrefix + randomName(6))
  chosen.set(base, other)
  return other
}

/** True if the path is the path of a user's own directory. */
export function isOwnDirectory(path: string): boolean {
  const name = basename(path)
  return name === usualName || (name.startsWith(otherPrefix) && dirname(path) !== path)
}

/** True if the path is a user's own directory by its name only: somebody else made it, or it is open to others. */
export function isOwnDirectoryTaken(path: string): boolean {
  return isOwnDirectory(path) && lstatSync(path, { throwIfNoEntry: false }) !== undefined && !isOurs(path)
}

/** Removes a user's own directory if it is empty. */
export function removeOwnDirectory(path: string): void {
  try {
    if (isOwnDirectory(path)) rmdirSync(path)
  } catch {
    // Other runs of this user are in it.
  }
}
