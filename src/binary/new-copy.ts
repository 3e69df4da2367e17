import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeStaging, removeStaging, sweepStaging } from '../cache/staging.ts'
import { InstallError } from '../errors.ts'
import { tryParseVersion, type Version } from '../version/version.ts'
import { askVersion } from './ask-version.ts'
import { type Manifest, manifestName } from './copy.ts'

/** The program in a package, relative to the tree into which the package is unpacked. */
export const program = 'usr/bin/tarantool'

/**
 * Makes a directory below `directory` in which a new copy is assembled.
 *
 * @param root the cache, for the error
 * @throws InstallError if the cache cannot be written, or does not run programs
 */
export async function openStaging(directory: string, root: string): Promise<string> {
  const staging = await makeStaging(directory).catch((cause: Error) => {
    throw notWritable(root, cause)
  })
  await sweepStaging(directory)
  checkRunsPrograms(staging, root)
  return staging
}

/**
 * Refuses a cache that cannot be written, or that does not run programs, before a download fills it.
 *
 * @throws InstallError
 */
export async function checkCache(directory: string, root: string): Promise<void> {
  await removeStaging(await openStaging(directory, root))
}

function notWritable(root: string, cause: Error): InstallError {
  return new InstallError(
    `Tarantool could not be installed: the cache ${root} cannot be written (${cause.message}); set TARANTOOL_FIXTURE_CACHE to another directory`,
    { cause },
  )
}

// Refuses a cache on a file system that does not run programs.
function checkRunsPrograms(staging: string, root: string): void {
  const probe = join(staging, 'probe')
  writeFileSync(probe, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  const { error } = spawnSync(probe, { stdio: 'ignore' })
  rmSync(probe)
  if ((error as NodeJS.ErrnoException | undefined)?.code !== 'EACCES') return
  rmSync(staging, { recursive: true, force: true })
  throw new InstallError(
    `Tarantool could not be installed: no program may be run in the cache ${root}, which is mounted with noexec; set TARANTOOL_FIXTURE_CACHE to another directory`,
  )
}

/** The parts of a copy that its manifest lists. */
export interface CopyParts {
  /** The packages that the copy was made from, with their versions. */
  readonly packages: Readonly<Record<string, string>>
  /** Directories of the libraries in the copy, relative to the tree. */
  readonly libraryPath: readonly string[]
  /** The libraries that the program loads, as absolute paths. */
  readonly libraries: readonly string[]
}

/**
 * Writes the manifest of an unpacked copy, and returns the version that its program reports.
 *
 * @throws InstallError if the program does not run here, or is not Tarantool
 */
export async function finishCopy(tree: string, { packages, libraryPath, libraries }: CopyParts): Promise<Version> {
  const path = join(tree, program)
  const searched = libraryPath.map(name => join(tree, name)).join(':')
  const env = searched ? { LD_LIBRARY_PATH: searched } : {}
  const size = await stat(path).then(
    status => status.size,
    () => undefined,
  )
  if (size === undefined) throw new InstallError(`Tarantool could not be installed: the package has no ${program}`)
  const { output, spawnError } = await askVersion({ path, env }, [])
  if (spawnError) {
    throw new InstallError(`Tarantool could not be installed: it does not run on this system (${spawnError.message})`)
  }
  const heading = /^Tarantool .*/m.exec(output)?.[0]
  const version = heading === undefined ? undefined : tryParseVersion(heading)
  if (!version) {
    throw new InstallError('Tarantool could not be installed: its program does not tell its version', {
      logTail: output.trim().split('\n').slice(-12),
    })
  }
  const isOurs = (file: string): boolean => file.startsWith(`${tree}/`)
  const files: Record<string, number> = { [program]: size }
  for (const file of libraries.filter(isOurs)) files[file.slice(tree.length + 1)] = (await stat(file)).size
  const manifest: Manifest = {
    format: 1,
    tarantool: version.text,
    packages,
    installed: new Date().toISOString(),
    binary: program,
    libraryPath,
    files,
    needs: libraries.filter(file => !isOurs(file)),
  }
  await writeFile(join(tree, manifestName), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o644 })
  return version
}
