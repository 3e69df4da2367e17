import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { withLock } from '../../cache/lock.ts'
import { InstallError, TarantoolFixtureError } from '../../errors.ts'
import { defaultPatience, type Patience } from '../download/answer.ts'
import { type Client, openClient } from '../download/client.ts'
import { showProgress, type Terminal } from '../download/progress.ts'
import { isExact, newestThatFits } from '../wanted.ts'
import { absentRelease } from './absent.ts'
import { failureSince, noteAsked, type Question, questionKey, wasAskedToday } from './asked.ts'
import { fetchReleases } from './index-files.ts'
import { installRelease } from './install.ts'
import { type Repository, repositoryFor } from './repository.ts'
import { findRelease, type InstalledRelease, releasesRoot } from './store.ts'

/** What a release is obtained with. */
export interface ObtainOptions extends Question {
  /** Where proxies are read. */
  readonly env: NodeJS.ProcessEnv
  /** Takes lines about the download. */
  readonly report: (line: string) => void
  /** Takes a progress bar, if it is a terminal. */
  readonly terminal?: Terminal | undefined
  /** Milliseconds for the first answer of the server. Default: as long as the network takes. */
  readonly reachWithin?: number | undefined
  readonly patience?: Patience | undefined
  readonly signal: AbortSignal
}

/** Asks a repository for the newest release that fits, and installs it unless the cache has it. */
async function ask(options: ObtainOptions, repository: Repository): Promise<InstalledRelease> {
  const { root, wanted, system, env, report, terminal, reachWithin, patience = defaultPatience, signal } = options
  const client: Client = await openClient(env, patience)
  try {
    const releases = await fetchReleases(client, repository, { signal, reachWithin })
    const release = releases && newestThatFits(releases, wanted)
    if (!release) throw await absentRelease(client, options, repository, releases, signal)
    const { copy } = findRelease(root, { ...wanted, ...release }, system)
    if (copy) return copy
    const progress = showProgress(`downloading Tarantool ${release.text}`, report, terminal)
    const { isStatic } = repository
    return await installRelease({ root, release, isStatic, system, client, progress, patience, report, signal })
  } finally {
    await client.close()
  }
}

/**
 * Obtains the newest release that fits: the vendor's repository says which one that is, and the release is downloaded
 * unless the cache has it. Of several processes one asks and downloads; the others wait and take what it found.
 *
 * @throws DownloadError, InstallError, VersionNotFoundError
 */
export async function obtainRelease(options: ObtainOptions): Promise<InstalledRelease> {
  const { root, wanted, system, mirror, report, signal } = options
  const repository = repositoryFor(wanted, system, mirror)
  const begun = Date.now()
  let hasWaited = false
  const onWait = ({ pid }: { pid: number }): void => {
    if (!hasWaited && pid !== process.pid) report(`waiting for process ${pid}, which installs Tarantool ${wanted.text}`)
    hasWaited = true
  }
  const locks = join(releasesRoot(root), '.locks')
  await mkdir(locks, { recursive: true, mode: 0o755 }).catch((cause: Error) => {
    throw new InstallError(
      `the cache ${root} cannot be written (${cause.message}); TARANTOOL_FIXTURE_CACHE names another directory for it`,
      { cause },
    )
  })
  const work = async (): Promise<InstalledRelease> => {
    if (hasWaited) {
      const { copy } = findRelease(root, wanted, system)
      if (copy && (isExact(wanted) || wasAskedToday(options))) return copy
      const failure = failureSince(options, begun)
      if (failure) throw failure
    }
    try {
      const copy = await ask(options, repository)
      noteAsked(options)
      return copy
    } catch (error) {
      signal.throwIfAborted()
      noteAsked(options, error)
      if (error instanceof TarantoolFixtureError) throw error
      throw new InstallError(`Tarantool could not be installed: ${(error as Error).message}`, { cause: error })
    }
  }
  return await withLock(join(locks, questionKey(options)), work, { signal, onWait })
}
