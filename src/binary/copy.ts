import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathWeakness } from '../trusted-path.ts'

/** What an installed copy says of itself. It is written last: a directory without one is no copy. */
export interface Manifest {
  readonly format: 1
  /** What the copy's `--version` said: `2.6.0-0-g47aa4e01e`. */
  readonly tarantool: string
  /** The packages it was made from, with their versions. */
  readonly packages: Readonly<Record<string, string>>
  /** When it was made, ISO 8601. */
  readonly installed: string
  /** The program, relative to the copy, as all paths here. */
  readonly binary: string
  /** Directories of the libraries that came with it; empty where the system had them all. */
  readonly libraryPath: readonly string[]
  /** Sizes in bytes of what must be there. */
  readonly files: Readonly<Record<string, number>>
  /** The system's libraries that it uses, absolute. Another machine with the same cache may lack some. */
  readonly needs: readonly string[]
}

/** A copy that can be used, or what is wrong with it. */
export type CachedCopy =
  | {
      readonly path: string
      readonly env: Readonly<Record<string, string>>
      /** As the manifest has it. */
      readonly version: string
    }
  | { readonly path?: undefined; readonly flaw: string /** Others could have changed it. */; readonly isSuspect?: true }

export const manifestName = 'manifest.json'

/** Reads the manifest of a copy. Undefined if there is none, or it is damaged. */
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
    if (!exists(directory)) return { flaw: 'is empty' }
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
 * Moves a finished copy to its place in one step. A good copy that is there already stays; a damaged one makes way, and
 * is moved to `aside`.
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
    // Another process may have replaced the damaged copy between the look and the move.
    if (inspectCopy(removed).path) await rename(removed, place).catch(() => {})
    await rm(removed, { recursive: true, force: true }).catch(() => {})
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
