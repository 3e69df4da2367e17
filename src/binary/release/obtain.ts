import { join } from 'node:path'
import { type OnWait, withLock } from '../../cache/lock.ts'
import { InstallError, TarantoolFixtureError } from '../../errors.ts'
import { isExact, nameOf, newestThatFits } from '../../version/wanted.ts'
import { defaultPatience, type Patience } from '../download/answer.ts'
import { type Client, openClient } from '../download/client.ts'
import { diskFull, isFull } from '../download/disk.ts'
import { showProgress, type Terminal } from '../download/progress.ts'
import { absentRelease } from './absent.ts'
import { failureSince, noteAsked, type Question, questionKey, wasAskedToday } from './asked.ts'
import { fetchReleases } from './index-files.ts'
import { installRelease } from './install.ts'
import { type Repository, repositoryFor } from './repository.ts'
import { findRelease, type InstalledRelease, releasesRoot } from './store.ts'

/** The options for obtaining a release. */
export interface ObtainOptions extends Question {
  /** The environment with the proxies. */
  readonly env: NodeJS.ProcessEnv
  /** Receives lines about the download. */
  readonly report: (line: string) => void
  /** Receives a progress bar, if it is a terminal. */
  readonly terminal?: Terminal | undefined
  /** The time limit for the server's first answer, in milliseconds. Default: no limit of its own. */
  readonly reachWithin?: number | undefined
  readonly patience?: Patience | undefined
  readonly signal: AbortSignal
}

function sayOnce(report: (line: string) => void, version: string): OnWait {
  let isSaid = false
  return ({ pid }) => {
    if (!isSaid && pid !== process.pid) report(`waiting for process ${pid}, which installs Tarantool ${version}`)
    isSaid = true
  }
}

/** Asks a repository for the newest release that fits, and installs the release unless the cache has it. */
async function ask(options: ObtainOptions, repository: Repository): Promise<InstalledRelease> {
  const { root, wanted, system, env, report, terminal, reachWithin, patience = defaultPatience, signal } = options
  const client: Client = await openClient(env, patience)
  try {
    const index = await fetchReleases(client, repository, { signal, reachWithin })
    const release = newestThatFits(index.releases, wanted)
    if (!release) throw await absentRelease(client, options, repository, index, signal)
    const { copy } = findRelease(root, { ...wanted, ...release }, system)
    if (copy) return copy
    const progress = showProgress(`downloading Tarantool ${release.text}`, report, terminal)
    const { isStatic } = repository
    const common = { root, release, isStatic, system, client, progress, patience, report, signal }
    return await installRelease({ ...common, onWait: sayOnce(report, release.text) })
  } finally {
    await client.close()
  }
}

/**
 * Obtains the newest release that fits. The vendor's repository names the release, which is downloaded unless the cache
 * has it. If several processes need it, one of them asks and downloads. The others wait and take its result.
 *
 * @throws DownloadError, InstallError, VersionNotFoundError
 */
export async function obtainRelease(options: ObtainOptions): Promise<InstalledRelease> {
  const { root, wanted, system, mirror, report, signal } = options
  const repository = repositoryFor(wanted, system, mirror)
  const begun = Date.now()
  const work = async (): Promise<InstalledRelease> => {
    // Another process may have installed the release, or failed, since this process searched the cache.
    const { copy } = findRelease(root, wanted, system)
    if (copy && (isExact(wanted) || wasAskedToday(options))) return copy
    const failure = failureSince(options, begun)
    if (failure) throw failure
    try {
      const newest = await ask(options, repository)
      noteAsked(options)
      return newest
    } catch (error) {
      signal.throwIfAborted()
      noteAsked(options, error)
      if (error instanceof TarantoolFixtureError) throw error
      throw new InstallError(`Tarantool could not be installed: ${(error as Error).message}`, { cause: error })
    }
  }
  const lock = join(releasesRoot(root), '.locks', questionKey(options))
  return await withLock(lock, work, { signal, onWait: sayOnce(report, nameOf(wanted)) }).catch((error: Error) => {
    signal.throwIfAborted()
    if (error instanceof TarantoolFixtureError) throw error
    if (isFull(error)) throw diskFull(root, undefined, error)
    throw new InstallError(
      `the cache ${root} cannot be written (${error.message}); set TARANTOOL_FIXTURE_CACHE to another directory`,
      { cause: error },
    )
  })
}
