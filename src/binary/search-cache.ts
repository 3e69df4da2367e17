import { join } from 'node:path'
import { compareVersions, parseVersion } from '../version/version.ts'
import { defaultVersion, fits, nameOf } from '../version/wanted.ts'
import { inspectCopy } from './copy.ts'
import { findRelease } from './release/store.ts'
import type { Lookup, Search } from './sources.ts'
import { systemKey } from './system.ts'

/** A program in the cache. */
export interface CacheLookup extends Lookup {
  /** The directory of its copy. */
  readonly directory?: string | undefined
  /** Lines about copies that are not run, because other users could have changed them. */
  readonly suspicions: readonly string[]
}

/**
 * Searches the cache for the newest release that fits, and for the distribution's Tarantool. The distribution's
 * Tarantool counts if it fits and is newer. It also counts if no version is named and the cache has no release.
 */
export function searchCache({ root, wanted, system }: Search): CacheLookup {
  if (!root) return { findings: ['cache: none, because the user has no home directory'], suspicions: [] }
  const { copy: release, flaws, suspicions } = findRelease(root, wanted ?? defaultVersion, system)
  const place = join(root, systemKey(system))
  const distributed = inspectCopy(place)
  const hasFlaw = distributed.path === undefined
  const lines = hasFlaw ? [...flaws, `${place} ${distributed.flaw}`] : flaws
  const all = {
    findings: [`no Tarantool ${nameOf(wanted ?? defaultVersion)} in ${root}`, ...lines].map(line => `cache: ${line}`),
    suspicions: hasFlaw && distributed.isSuspect ? [...suspicions, `${place} ${distributed.flaw}`] : suspicions,
  }
  if (!hasFlaw) {
    const { path, env, version } = distributed
    const isWanted = !wanted || fits(parseVersion(version), wanted)
    const isBetter = !release || (wanted && compareVersions(parseVersion(version), parseVersion(release.version)) > 0)
    if (isWanted && isBetter) return { ...all, binary: { path, env, source: 'cache', version }, directory: place }
  }
  if (!release) return all
  const { path, env, version, directory } = release
  return { ...all, binary: { path, env, source: 'cache', version }, directory }
}
