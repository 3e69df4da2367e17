import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type OnWait, withLock } from '../../cache/lock.ts'
import { removeStaging } from '../../cache/staging.ts'
import { noteUse } from '../../cache/uses.ts'
import { DownloadError, InstallError } from '../../errors.ts'
import { compareVersions } from '../../version/version.ts'
import { inspectCopy, publishCopy } from '../copy.ts'
import type { Patience } from '../download/answer.ts'
import type { Client } from '../download/client.ts'
import { diskFull, isFull } from '../download/disk.ts'
import { withoutSecrets } from '../download/failure.ts'
import { downloadFile } from '../download/file.ts'
import type { Progress } from '../download/progress.ts'
import { checkCache, finishCopy, openStaging, program } from '../new-copy.ts'
import type { OperatingSystem } from '../system.ts'
import { checkTools, lacksTool, unpackDeb } from './deb.ts'
import type { Release } from './index-files.ts'
import { completeLibraries } from './libraries.ts'
import { copyName, downloadsOf, type InstalledRelease, pruneReleases, releasesRoot } from './store.ts'

/** The installation of a release into a cache. */
export interface ReleaseInstallation {
  readonly root: string
  readonly release: Release
  readonly isStatic: boolean
  readonly system: OperatingSystem
  readonly client: Client
  readonly progress: Progress
  readonly patience: Patience
  readonly report: (line: string) => void
  readonly signal: AbortSignal
  /** Called when the installation waits for another process. */
  readonly onWait: OnWait
}

/** A multiple of the package's size, because its contents are compressed. */
const unpackedSize = 5

// The error of a tool. Or the error of a stream, because the disk is full.
function hasFilledDisk(error: unknown): boolean {
  return (
    isFull(error) || (error instanceof InstallError && /no space left|quota exceeded/i.test(error.logTail.join('\n')))
  )
}

async function unpack(deb: string, staging: string, installation: ReleaseInstallation): Promise<string> {
  const { release, isStatic, signal } = installation
  const tree = join(staging, 'tree')
  await mkdir(tree, { mode: 0o755 })
  // A later run would refuse the package again. Once the missing tool is installed, the package can be used as it is.
  const refuse = async (error: Error): Promise<never> => {
    signal.throwIfAborted()
    if (!lacksTool(error)) await rm(deb, { force: true })
    throw error
  }
  await unpackDeb(deb, tree, { signal })
    .catch(refuse)
    .catch((error: Error) => {
      signal.throwIfAborted()
      if (hasFilledDisk(error)) throw error
      const isOurs = error instanceof InstallError
      throw new InstallError(
        `${withoutSecrets(release.file.url)} could not be unpacked: ${isOurs ? error.summary : error.message}`,
        { logTail: isOurs ? error.logTail : [], cause: error },
      )
    })
  const parts = isStatic
    ? { packages: { tarantool: release.packageVersion }, libraryPath: [], libraries: [] }
    : await completeLibraries({ release, tree, program: join(tree, program), work: staging }, { signal })
  const version = await finishCopy(tree, parts).catch(refuse)
  if (compareVersions(version, release) === 0) return tree
  return await refuse(new DownloadError(`the package of Tarantool ${release.text} holds Tarantool ${version.text}`))
}

async function install(installation: ReleaseInstallation, place: string): Promise<void> {
  const { root, release, client, progress, patience, report, signal } = installation
  const { file, text } = release
  checkTools()
  await checkCache(releasesRoot(root), root)
  const onStart = (): void => {
    const size = (file.size / 1e6).toFixed(1)
    report(`downloading Tarantool ${text} (${size} MB) from ${withoutSecrets(file.url)} into ${place}`)
  }
  const deb = await downloadFile(file, downloadsOf(root), { client, progress, patience, onStart, signal })
  // Not before the download, which can take as long as the network needs.
  const staging = await openStaging(releasesRoot(root), root)
  try {
    const tree = await unpack(deb, staging, installation).catch(async (error: Error) => {
      if (!hasFilledDisk(error)) throw error
      await rm(deb, { force: true })
      throw diskFull(root, file.size * unpackedSize, error)
    })
    await publishCopy(tree, place, join(staging, 'damaged'))
    await rm(deb, { force: true })
  } finally {
    await removeStaging(staging)
  }
}

/**
 * Downloads a release, checks it and puts it into the cache. Only one process downloads a release at a time. The others
 * wait and find it.
 *
 * @throws DownloadError, InstallError
 */
export async function installRelease(installation: ReleaseInstallation): Promise<InstalledRelease> {
  const { root, release, isStatic, system, signal } = installation
  const name = copyName(release, system, isStatic)
  const directory = join(releasesRoot(root), name)
  const lock = join(releasesRoot(root), '.locks', release.file.sha256)
  await withLock(
    lock,
    async () => {
      if (inspectCopy(directory).path === undefined) await install(installation, directory)
    },
    { signal, onWait: installation.onWait },
  )
  const copy = inspectCopy(directory)
  if (copy.path === undefined) throw new InstallError(`Tarantool was installed, but ${directory} ${copy.flaw}`)
  noteUse(directory)
  await pruneReleases(root, name)
  return { directory, ...copy }
}
