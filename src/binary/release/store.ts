import { randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Bounds, beyondBounds } from '../../cache/bounds.ts'
import { entriesInUse } from '../../cache/uses.ts'
import { compareVersions, tryParseVersion, type Version } from '../../version/version.ts'
import type { WantedVersion } from '../../version/wanted.ts'
import { fits } from '../../version/wanted.ts'
import { inspectCopy, readManifest } from '../copy.ts'
import { type OperatingSystem, systemKey } from '../system.ts'

const defaultBounds: Bounds = { count: 8, bytes: 2 * 2 ** 30 }
// In milliseconds. Nobody resumes such an old download.
const partialIsKept = 7 * 24 * 60 * 60_000

/** The directory of downloaded releases in the cache. */
export const releasesRoot = (root: string): string => join(root, 'releases')

/** The directory for files that are being downloaded, which a later process resumes. */
export const downloadsOf = (root: string): string => join(releasesRoot(root), '.downloads')

/** The directories to which a download writes. */
export const writtenPlaces = (root: string): string[] =>
  ['.downloads', '.locks', '.asked'].map(name => join(releasesRoot(root), name))

// `3.8.0-linux-amd64` runs on every Linux with glibc. `2.11.5-debian-12-amd64` runs on that system only.
const nameOfCopy = /^(\d+\.\d+\.\d+)-(\w.*)$/

/** The name of a release's directory: a static build serves all systems with that processor. */
export function copyName(version: Version, system: OperatingSystem, isStatic: boolean): string {
  const { major, minor, patch } = version
  return `${major}.${minor}.${patch}-${isStatic ? `linux-${system.architecture}` : systemKey(system)}`
}

/** A copy of a release that can be used. */
export interface InstalledRelease {
  readonly directory: string
  readonly path: string
  readonly env: Readonly<Record<string, string>>
  /** The version that the program reports: `3.8.0-0-g50e7f2b`. */
  readonly version: string
}

/** The releases in a cache that fit, or the reasons why others cannot be used. */
export interface StoreLookup {
  readonly copy?: InstalledRelease
  /** Lines about copies that are not used: `…/releases/3.8.0-linux-amd64 lacks usr/bin/tarantool`. */
  readonly flaws: readonly string[]
  /** The lines that say how other users could have changed a copy. */
  readonly suspicions: readonly string[]
}

/** Finds the newest copy of a wanted version that runs on a system and that no other user can have changed. */
export function findRelease(root: string, wanted: WantedVersion, system: OperatingSystem): StoreLookup {
  // A cache can be shared with other systems, such as a home directory that is mounted into containers of Alpine.
  const runsStatic = system.platform === 'linux' && system.libc === 'glibc'
  const targets = [systemKey(system), ...(runsStatic ? [`linux-${system.architecture}`] : [])]
  const candidates = namesIn(releasesRoot(root)).flatMap(name => {
    const [, number = '', target = ''] = nameOfCopy.exec(name) ?? []
    const version = tryParseVersion(number)
    return version && targets.includes(target) && fits(version, wanted) ? [{ name, version }] : []
  })
  const flaws: string[] = []
  const suspicions: string[] = []
  for (const { name } of candidates.sort((a, b) => compareVersions(b.version, a.version))) {
    const directory = join(releasesRoot(root), name)
    const copy = inspectCopy(directory)
    if (copy.path !== undefined) return { copy: { directory, ...copy }, flaws, suspicions }
    flaws.push(`${directory} ${copy.flaw}`)
    if (copy.isSuspect) suspicions.push(`${directory} ${copy.flaw}`)
  }
  return { flaws, suspicions }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** A Tarantool in the cache, for a list. */
export interface CachedTarantool {
  readonly directory: string
  /** The name of the directory: `3.8.0-linux-amd64`; `debian-12-amd64` for the package of a distribution. */
  readonly name: string
  /** The version that the program reports. Undefined if the copy is damaged. */
  readonly version: string | undefined
  readonly bytes: number
  readonly lastUsed: Date
  readonly isInUse: boolean
}

async function sizeOf(path: string): Promise<number> {
  const status = await lstat(path).catch(() => undefined)
  if (!status?.isDirectory()) return status?.size ?? 0
  const names = await readdir(path).catch(() => [])
  const sizes = await Promise.all(names.map(name => sizeOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function describe(directories: readonly string[]): Promise<CachedTarantool[]> {
  const tarantools: CachedTarantool[] = []
  for (const directory of directories) {
    const status = statSync(directory, { throwIfNoEntry: false })
    if (!status) continue
    const name = basename(directory)
    const isInUse = entriesInUse(dirname(directory)).has(name)
    const version = readManifest(directory)?.tarantool
    tarantools.push({ directory, name, version, bytes: await sizeOf(directory), lastUsed: status.mtime, isInUse })
  }
  return tarantools.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime())
}

const releasesIn = (root: string): string[] =>
  namesIn(releasesRoot(root))
    .filter(name => nameOfCopy.test(name))
    .map(name => join(releasesRoot(root), name))

/** Lists the Tarantools in a cache, the most recently used first: releases, and packages of distributions. */
export async function listTarantools(root: string): Promise<CachedTarantool[]> {
  const others = namesIn(root).map(name => join(root, name))
  return await describe([...releasesIn(root), ...others.filter(directory => readManifest(directory) !== undefined)])
}

// For other processes, the copy disappears in one step.
async function remove(directory: string): Promise<void> {
  const aside = join(dirname(directory), `.removed-${randomBytes(4).toString('hex')}`)
  const moved = await rename(directory, aside).then(
    () => true,
    () => false,
  )
  if (moved) await rm(aside, { recursive: true, force: true }).catch(() => {})
}

async function sweep(root: string, isOld: (age: number) => boolean): Promise<void> {
  for (const directory of [root, releasesRoot(root)]) {
    for (const name of namesIn(directory).filter(name => name.startsWith('.removed-'))) {
      await rm(join(directory, name), { recursive: true, force: true }).catch(() => {})
    }
  }
  for (const name of namesIn(downloadsOf(root))) {
    const path = join(downloadsOf(root), name)
    const status = statSync(path, { throwIfNoEntry: false })
    if (status && isOld(Date.now() - status.mtimeMs)) await rm(path, { force: true }).catch(() => {})
  }
}

/**
 * Removes the releases beyond the bounds, the longest unused first, and old remains of downloads. A release that a
 * process uses stays.
 *
 * @param justMade the name of a release that stays in any case
 */
export async function pruneReleases(root: string, justMade: string, bounds: Bounds = defaultBounds): Promise<void> {
  const releases = await describe(releasesIn(root))
  for (const { directory } of beyondBounds(releases, bounds, ({ name, isInUse }) => isInUse || name === justMade)) {
    await remove(directory)
  }
  await sweep(root, age => age > partialIsKept)
}

/**
 * Removes all Tarantools that no process uses. Returns the number of removed copies, and the number of those that stay.
 */
export async function clearTarantools(root: string): Promise<{ removed: number; inUse: number }> {
  const tarantools = await listTarantools(root)
  const unused = tarantools.filter(({ isInUse }) => !isInUse)
  for (const { directory } of unused) await remove(directory)
  // Another process may be downloading at this moment.
  await sweep(root, age => age > 60_000)
  return { removed: unused.length, inUse: tarantools.length - unused.length }
}
