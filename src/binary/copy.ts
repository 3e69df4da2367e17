import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathWeakness } from '../trusted-path.ts'

/** The manifest of an installed copy. It is written last: a directory without a manifest is no copy. */
export interface Manifest {
  readonly format: 1
  /** The output of the copy's `--version`: `2.6.0-0-g47aa4e01e`. */
  readonly tarantool: string
  /** The packages that the copy was made from, with their versions. */
  readonly packages: Readonly<Record<string, string>>
  /** The time at which the copy was made, in ISO 8601. */
  readonly installed: string
  /** The program. Like all paths here, relative to the copy. */
  readonly binary: string
  /** Directories of the libraries in the copy; empty if the system had all libraries. */
  readonly libraryPath: readonly string[]
  /** The sizes in bytes of the files that must exist. */
  readonly files: Readonly<Record<string, number>>
  /**
   * The system's libraries that the copy uses, as absolute paths. Another machine with the same cache may lack some.
   */
  readonly needs: readonly string[]
}

/** A copy that can be used, or the reason why it cannot. */
export type CachedCopy =
  | {
      readonly path: string
      readonly env: Readonly<Record<string, string>>
      /** The path in the form of the manifest. */
      readonly version: string
    }
  | { readonly path?: undefined; readonly flaw: string /** Others could have changed it. */; readonly isSuspect?: true }

export const manifestName = 'manifest.json'

/** Reads the manifest of a copy. Undefined if the manifest is missing or damaged. */
export function readManifest(directory: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, manifestName), 'utf8')) as Manifest
    const isWhole =
      manifest.format === 1 &&
      manifest.tarantool &&
      manifest.binary &&
      manifest.libraryPath &&
      manifest.files &&
      manifest.needs
    return isWhole ? manifest : undefined
  } catch {
    return undefined
  }
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/**
 * Checks that a copy is whole, fits this machine, and cannot have been changed by another user. The check costs a few
 * hundred calls of stat(2) and starts no process.
 */
export function inspectCopy(directory: string): CachedCopy {
  try {
    if (!exists(directory)) return { flaw: 'does not exist' }
    const place = pathWeakness(join(directory, manifestName))
    if (place !== undefined) return { flaw: `is not run: ${place}`, isSuspect: true }
    const manifest = readManifest(directory)
    if (!manifest) return { flaw: `has no readable ${manifestName}` }
    for (const [file, size] of Object.entries(manifest.files)) {
      if (statSync(join(directory, file), { throwIfNoEntry: false })?.size !== size) return { flaw: `lacks ${file}` }
    }
    const files = [...Object.keys(manifest.files), ...manifest.libraryPath]
    const weakness = files.map(file => pathWeakness(join(directory, file))).find(found => found !== undefined)
    if (weakness !== undefined) return { flaw: `is not run: ${weakness}`, isSuspect: true }
    const absent = manifest.needs.find(library => !exists(library))
    if (absent) return { flaw: `was made where ${absent} was there` }
    const path = join(directory, manifest.binary)
    accessSync(path, constants.X_OK)
    const libraries = manifest.libraryPath.map(name => join(directory, name)).join(':')
    return { path, env: libraries ? { LD_LIBRARY_PATH: libraries } : {}, version: manifest.tarantool }
  } catch (error) {
    return { flaw: `cannot be used: ${(error as Error).message}` }
  }
}

/**
 * Moves a finished copy to its place in one step. If a good copy already exists there, it stays. A damaged copy is
 * moved to `aside`.
 */
export async function publishCopy(copy: string, place: string, aside: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(copy, place)
      return
    } catch (error) {
      const isTaken = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
      if (!isTaken || attempt === 10) throw error
    }
    if (inspectCopy(place).path) return
    const removed = `${aside}-${attempt}`
    await rename(place, removed).catch(ignoreMissing)
    // Another process may have replaced the damaged copy between the check and the move.
    if (inspectCopy(removed).path) await rename(removed, place).catch(() => {})
    await rm(removed, { recursive: true, force: true }).catch(() => {})
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
