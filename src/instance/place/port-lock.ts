import { opendirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { insideDirectory } from '../../inside-directory.ts'
import { makeDirectories } from '../../make-directories.ts'
import { isOwnerGone, parseOwner, thisOwner } from '../owner/owner.ts'
import { reaper } from '../owner/reaper.ts'
import { removeOwnDirectory } from './own-directory.ts'
import { sharedPlace } from './place.ts'

// In milliseconds. The process that makes a lock writes its owner into the lock at once, so an older empty lock is stale.
const writtenWithin = 60_000
const entriesLookedAt = 4096

const held = new Set<string>()
let isSwept = false

const directory = (): string | undefined => {
  const place = sharedPlace()
  return place === undefined ? undefined : join(place, 'ports')
}

function isStale(path: string): boolean {
  try {
    const owner = parseOwner(readFileSync(path, 'utf8'))
    return owner ? isOwnerGone(owner) : Date.now() - statSync(path).mtimeMs > writtenWithin
  } catch {
    return false
  }
}

// Removes locks whose owners were killed together with their reapers. Runs once per process.
function sweep(locks: string): void {
  if (isSwept) return
  isSwept = true
  const entries = opendirSync(locks)
  try {
    for (let count = 0; count < entriesLookedAt; count++) {
      const entry = entries.readSync()
      if (!entry) return
      const path = join(locks, entry.name)
      if (isStale(path)) rmSync(path, { force: true })
    }
  } finally {
    entries.closeSync()
  }
}

/** Returned if another process of this user has the port. */
const taken = Symbol('taken')

function makeLock(locks: string, port: number): string | typeof taken {
  const path = join(locks, String(port))
  // Another process can remove the directory at any time, when it releases its last lock.
  for (let attempt = 1; ; attempt++) {
    makeDirectories(locks, 0o700)
    try {
      insideDirectory(locks, at => {
        sweep(at)
        writeFileSync(join(at, String(port)), JSON.stringify(thisOwner()), { flag: 'wx', mode: 0o600 })
      })
      return path
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') return taken
      if (code !== 'ENOENT' || attempt === 5) throw error
    }
  }
}

/**
 * Reserves a port for this process among this user's processes, by a file in the user's own directory.
 *
 * @returns the function that releases the port; undefined if another process has the port
 */
export function lockPort(port: number): (() => void) | undefined {
  const locks = directory()
  let path: string | typeof taken
  try {
    if (locks === undefined) return () => {}
    path = makeLock(locks, port)
  } catch {
    // The disk is full or read-only. The port can still be used, and is seldom lost.
    return () => {}
  }
  if (path === taken) return undefined
  if (held.size === 0) process.once('exit', releaseAll)
  held.add(path)
  reaper.directory(path)
  reaper.home(locks)
  reaper.home(dirname(locks))
  return () => release(path)
}

function release(path: string): void {
  if (!held.delete(path)) return
  if (held.size === 0) process.off('exit', releaseAll)
  try {
    const locks = dirname(path)
    insideDirectory(locks, at => rmSync(join(at, basename(path)), { force: true }))
    insideDirectory(dirname(locks), at => rmdirSync(join(at, basename(locks))))
    removeOwnDirectory(dirname(locks))
  } catch {
    // The directory holds other locks.
  }
  reaper.gone(path)
}

function releaseAll(): void {
  for (const path of held) release(path)
}
