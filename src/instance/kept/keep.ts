import { constants, existsSync } from 'node:fs'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedOptions } from '../../config/resolve.ts'
import { RequestTimeoutError } from '../../errors.ts'
import { logFileName } from '../../log/log-file.ts'
import { fixturesDirectory, ownVersion } from '../../package-files.ts'
import { copyDataFile, copySnapshot } from '../../seed/snapshot-files.ts'
import { SnapshotGuard } from '../../seed/snapshot-guard.ts'
import type { TarantoolInstance } from '../instance.ts'
import { keepDirectory, makeDirectory, newDirectoryPath, removeDirectory } from '../place/directory.ts'
import { ownDataFiles } from './data-files.ts'
import { type KeptManifest, keptFile, keptFormat } from './manifest.ts'
import { keptInstance, keptOptions } from './notes.ts'
import { readmeOf } from './readme.ts'

/** The reason why data is kept. */
export interface KeptFor {
  readonly test?: string | undefined
  readonly testFile?: string | undefined
  readonly server: string
}

interface Snapshot {
  readonly files: readonly string[]
  readonly temporary: readonly string[] | null
  readonly version: string
  readonly has_journal: boolean
}

// In milliseconds. A server that does not answer is paused, or its Lua never yields.
const usualPatience = 10_000

/**
 * Keeps the data of a running server as it is now, with its log and its scripts, in a directory of its own. The server goes
 * on, and its next start finds no trace of this.
 *
 * @param place the parent of the new directory. Default: that of the server's directory
 * @param patience the longest wait for the snapshot, in milliseconds. Default 10 s
 * @returns the path of the new directory
 * @throws the reason why no snapshot can be written
 */
export async function keepData(
  instance: TarantoolInstance,
  options: ResolvedOptions,
  about: KeptFor,
  { place = dirname(instance.workDir), patience = usualPatience }: { place?: string; patience?: number } = {},
): Promise<string> {
  const directory = newDirectoryPath(place)
  makeDirectory(directory, { keep: false })
  try {
    await writeData({ instance, options, directory, patience }, about)
    keepDirectory(directory)
    return directory
  } catch (error) {
    removeDirectory(directory)
    throw error
  }
}

/** A server, and the directory that gets its data. */
export interface Keeping {
  readonly instance: TarantoolInstance
  readonly options: ResolvedOptions
  readonly directory: string
  /** The longest wait for the snapshot, in milliseconds. Default 10 s. */
  readonly patience?: number | undefined
}

/**
 * Writes the data of a running server as it is now into a directory. See `keepData`.
 *
 * @throws the reason why no snapshot can be written. The directory may have a part of the files
 */
export async function writeData(keeping: Keeping, about: KeptFor): Promise<void> {
  const { instance, options, directory, patience = usualPatience } = keeping
  const { workDir } = instance
  let guard: SnapshotGuard | undefined
  // The snapshot, or an earlier one, may still be written.
  let mayComeLate = SnapshotGuard.leftIn(workDir) !== undefined
  try {
    guard = SnapshotGuard.of(workDir)
    const snapshot = await takeSnapshot(instance, patience)
    mayComeLate = false
    try {
      const files = await copySnapshot(snapshot.files, workDir, join(directory, 'data'))
      await copyScripts(workDir, directory)
      await describe(directory, manifestOf(options, about, snapshot, Object.keys(files)))
    } finally {
      // Without a journal, the next start would recover this snapshot, with the rows of the test.
      if (!snapshot.has_journal) guard.restore()
    }
  } catch (error) {
    mayComeLate ||= error instanceof RequestTimeoutError
    throw error
  } finally {
    if (!mayComeLate) guard?.end()
  }
}

/**
 * Copies the files of a server that writes no snapshot: it has stopped, or does not answer.
 *
 * @param reason says why there is no snapshot
 */
export async function copyData(
  { instance, options, directory }: Keeping,
  about: KeptFor,
  reason: string,
): Promise<void> {
  const { workDir } = instance
  for (const file of existsSync(workDir) ? ownDataFiles(workDir) : []) {
    await copyDataFile(join(workDir, file), join(directory, file))
  }
  await copyScripts(workDir, directory)
  const none = { files: [], temporary: null, version: '', has_journal: false }
  await describe(directory, { ...manifestOf(options, about, none, []), files: undefined, reason })
}

async function describe(directory: string, manifest: KeptManifest): Promise<void> {
  await writeFile(join(directory, keptFile), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 })
  await writeFile(join(directory, 'README.md'), readmeOf(manifest), { mode: 0o600 })
}

async function takeSnapshot(instance: TarantoolInstance, patience: number): Promise<Snapshot> {
  const lua = await readFile(join(fixturesDirectory, 'agent', 'kept.lua'), 'utf8')
  const [snapshot] = await instance.command(`return (function()\n${lua}\nend)()`, { timeout: patience })
  return snapshot as Snapshot
}

async function copyScripts(workDir: string, directory: string): Promise<void> {
  for (const name of [logFileName, 'init.lua', 'boot.lua']) {
    const path = join(workDir, name)
    if (existsSync(path)) await copyFile(path, join(directory, name), constants.COPYFILE_FICLONE)
  }
}

function manifestOf(
  options: ResolvedOptions,
  { test, testFile, server }: KeptFor,
  { temporary, version }: Snapshot,
  files: readonly string[],
): KeptManifest {
  return {
    ...{ format: keptFormat, test, testFile, server, made: new Date().toISOString() },
    ...{ tarantool: version, fixture: ownVersion(), node: process.versions.node, ...keptInstance(options) },
    files: [...files],
    temporary: [...(temporary ?? [])],
    options: keptOptions(options),
  }
}
