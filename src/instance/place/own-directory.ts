import { randomBytes } from 'node:crypto'
import { lstatSync, opendirSync, rmdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ownUid } from '../../trusted-path.ts'

// Short: the paths of unix sockets below it are bounded.
const usualName = `tnt-${ownUid}`
const otherPrefix = `${usualName}-`

// Whoever fills a shared directory with names must not make a start wait.
const entriesLookedAt = 4096

/** Random characters of a file's name. */
export function randomName(bytes: number): string {
  return randomBytes(bytes).toString('base64url').replaceAll(/[-_]/g, 'x')
}

// Not a link's target: a link can be changed by who made it.
function isOurs(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false })
  return status?.isDirectory() === true && status.uid === ownUid && (status.mode & 0o077) === 0
}

/** This user's own directories in `base` that are there beside the usual one. */
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
    // A directory that cannot be listed shows nothing.
  }
  return found.filter(isOurs)
}

const chosen = new Map<string, string>()

/**
 * The directory in `base` that only this user can enter, in which all of the user's runs stand. It may have to be made
 * yet. Another name is taken where somebody else has made one of its usual name, or where it is a link or open to others.
 */
export function ownDirectory(base: string): string {
  const isFit = (path: string): boolean => !lstatSync(path, { throwIfNoEntry: false }) || isOurs(path)
  const known = [join(base, usualName), chosen.get(base)].find(path => path !== undefined && isFit(path))
  if (known !== undefined) return known
  const other = otherOwnDirectories(base)[0] ?? join(base, otherPrefix + randomName(6))
  chosen.set(base, other)
  return other
}

/** Whether a path is the one of such a directory. */
export function isOwnDirectory(path: string): boolean {
  const name = basename(path)
  return name === usualName || (name.startsWith(otherPrefix) && dirname(path) !== path)
}

/** Removes such a directory when it is empty. */
export function removeOwnDirectory(path: string): void {
  try {
    if (isOwnDirectory(path)) rmdirSync(path)
  } catch {
    // Others of the user's runs are in it.
  }
}
