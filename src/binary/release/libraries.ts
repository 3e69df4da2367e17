import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { InstallError } from '../../errors.ts'
import { type ListSource, prepareApt } from '../apt.ts'
import type { CommandOptions } from '../command.ts'
import { absentPackages, isLibrary, libraryDirectories, linkedLibraries } from '../libraries.ts'
import type { CopyParts } from '../new-copy.ts'
import { unpackDeb } from './deb.ts'
import type { Release } from './index-files.ts'

/** An unpacked release whose libraries are to be completed. */
export interface UnpackedRelease {
  readonly release: Release
  /** The directory that the release was unpacked to. */
  readonly tree: string
  readonly program: string
  /** A directory for apt. */
  readonly work: string
}

async function fetchPackages(
  names: readonly string[],
  { tree, work }: UnpackedRelease,
  lists: ListSource,
  options: CommandOptions,
): Promise<Record<string, string>> {
  const directory = join(work, lists)
  await mkdir(directory, { recursive: true, mode: 0o755 })
  const apt = await prepareApt(directory, lists, options)
  if (lists === 'own') await apt.update()
  const absent = await absentPackages(apt, names, options)
  if (absent.length === 0) return {}
  for (const file of await apt.download(absent)) {
    await unpackDeb(file, tree, options)
    await rm(file)
  }
  return await apt.candidates(absent)
}

/**
 * Fetches the distribution's libraries that a release needs and this system does not have, and puts them into its tree.
 *
 * @throws InstallError with the names of the libraries if they cannot be fetched
 */
export async function completeLibraries(unpacked: UnpackedRelease, options: CommandOptions = {}): Promise<CopyParts> {
  const { release, tree, program } = unpacked
  const own = { tarantool: release.packageVersion }
  const { found, missing } = await linkedLibraries(program, [], options)
  if (missing.length === 0) return { packages: own, libraryPath: [], libraries: found }
  const names = release.depends.filter(isLibrary)
  const lack = `Tarantool ${release.text} needs libraries that this system does not have: ${missing.join(', ')}`
  let failure: unknown
  for (const lists of ['machine', 'own'] as const) {
    try {
      const packages = { ...own, ...(await fetchPackages(names, unpacked, lists, options)) }
      const libraryPath = await libraryDirectories(tree)
      const searched = libraryPath.map(name => join(tree, name))
      const linked = await linkedLibraries(program, searched, options)
      if (linked.missing.length === 0) return { packages, libraryPath, libraries: linked.found }
    } catch (error) {
      options.signal?.throwIfAborted()
      failure = error
    }
  }
  throw new InstallError(lack, {
    hint: `The packages ${names.join(', ')} have them: sudo apt-get install ${names.join(' ')}`,
    logTail: failure instanceof InstallError ? failure.logTail : [],
    cause: failure,
  })
}
