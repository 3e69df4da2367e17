import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { removeStaging } from '../cache/staging.ts'
import { InstallError } from '../errors.ts'
import { type Apt, type ListSource, prepareApt } from './apt.ts'
import { type CommandOptions, run } from './command.ts'
import { type CachedCopy, inspectCopy, publishCopy } from './copy.ts'
import { installHint } from './guidance.ts'
import { absentPackages, libraryDirectories, linkedLibraries } from './libraries.ts'
import { finishCopy, openStaging, program } from './new-copy.ts'
import { type OperatingSystem, systemKey } from './system.ts'

/** The installation of the distribution's package into the cache. */
export interface DistributionOptions {
  /** The cache's directory. */
  root: string
  system: OperatingSystem
  /** Receives the one line that announces the download. */
  report: (line: string) => void
  /** The reason why this package is installed. Default: no Tarantool was found. */
  reason?: string | undefined
  /** The package lists to try, in this order. Default: the machine's, then the fixture's own. */
  lists?: readonly ListSource[]
  signal?: AbortSignal | undefined
}

const wanted = ['tarantool', 'tarantool-common']

// 1:2.6.0-1.2+b1 → 2.6.0
const upstream = (version: string): string => version.replace(/^\d+:/, '').replace(/-[^-]*$/, '')

async function unpack(packages: readonly string[], tree: string, options: CommandOptions): Promise<void> {
  for (const file of packages) {
    await run('dpkg', ['-x', file, tree], options)
    await rm(file)
  }
}

async function addLibraries(apt: Apt, tree: string, options: CommandOptions): Promise<string[]> {
  const packages = await absentPackages(apt, ['tarantool'], options)
  if (packages.length > 0) await unpack(await apt.download(packages), tree, options)
  return packages
}

const unreachable =
  /could not (?:connect|resolve)|unable to connect|connection (?:failed|timed out)|unreachable|temporary failure/i

/** The part of apt's complaints that shows a network failure, without the address of each list. */
function networkFailure(complaints: readonly string[]): string | undefined {
  const line = complaints.find(text => unreachable.test(text))
  const reason = line?.replace(/^[EW]: (?:Failed to fetch \S+\s+)?/, '')
  return reason && `the package lists could not be fetched: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`
}

// The package, then its libraries if some are missing, all from the same state of the lists.
async function build(
  lists: ListSource,
  staging: string,
  announce: (version: string) => void,
  options: CommandOptions,
): Promise<string> {
  const directory = join(staging, lists)
  const tree = join(directory, 'tree')
  await mkdir(tree, { recursive: true, mode: 0o755 })
  const apt = await prepareApt(directory, lists, options)
  const complaints = lists === 'own' ? await apt.update() : []
  const candidates = await apt.candidates(wanted)
  if (!candidates.tarantool) {
    const why = networkFailure(complaints) ?? 'apt knows no package named tarantool for this system'
    throw new InstallError(`Tarantool could not be installed: ${why}`, { logTail: complaints.slice(-12) })
  }
  announce(upstream(candidates.tarantool))
  await unpack(await apt.download(Object.keys(candidates)), tree, options)
  const path = join(tree, program)
  const { missing } = await linkedLibraries(path, [], options)
  const added = missing.length > 0 ? await addLibraries(apt, tree, options) : []
  const packages = { ...candidates, ...(added.length > 0 && (await apt.candidates(added))) }
  const libraryPath = added.length > 0 ? await libraryDirectories(tree) : []
  const searched = libraryPath.map(name => join(tree, name))
  const { found, missing: absent } = await linkedLibraries(path, searched, options)
  if (absent.length > 0) {
    throw new InstallError(`Tarantool could not be installed: ${absent.join(', ')} of its libraries cannot be found`)
  }
  await finishCopy(tree, { packages, libraryPath, libraries: found })
  return tree
}

/**
 * Installs the distribution's Tarantool into the cache with apt's own tools, as any user, and returns the copy. If
 * several processes do so at once, one copy stays.
 *
 * @throws InstallError with apt's last lines
 */
export async function installDistributed(options: DistributionOptions): Promise<CachedCopy & { path: string }> {
  const { root, system, report, reason = 'no tarantool found', lists = ['machine', 'own'], signal } = options
  const staging = await openStaging(root, root)
  const place = join(root, systemKey(system))
  let announced = false
  const announce = (version: string): void => {
    if (announced) return
    announced = true
    report(`${reason}; installing ${system.name}'s tarantool ${version} into ${place} (newer: ${installHint})`)
  }
  try {
    let failure: unknown
    for (const source of lists) {
      try {
        const tree = await build(source, staging, announce, { signal })
        await publishCopy(tree, place, join(staging, 'damaged'))
        const copy = inspectCopy(place)
        if (copy.path === undefined) throw new InstallError(`Tarantool was installed, but ${place} ${copy.flaw}`)
        return copy
      } catch (error) {
        signal?.throwIfAborted()
        failure = error
      }
    }
    if (failure instanceof InstallError) throw failure
    throw new InstallError(`Tarantool could not be installed: ${(failure as Error).message}`, { cause: failure })
  } finally {
    await removeStaging(staging)
  }
}
