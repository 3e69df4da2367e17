import { constants, statSync } from 'node:fs'
import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { fileDigest } from './file-digest.ts'

/** The files of a snapshot by their paths below a directory, each with its size and its digest. */
export type SnapshotFiles = Readonly<Record<string, { readonly size: number; readonly sha256: string }>>

/**
 * Copies a file of a snapshot, for its owner only. A link would not do, because a server or a test may write to the file. The
 * copy shares its blocks if the file system can.
 */
export async function copyDataFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  await chmod(to, 0o600)
}

/**
 * Copies the files of a server's snapshot.
 *
 * @param files the paths that the server has named: absolute, or relative to its directory
 */
export async function copySnapshot(files: readonly string[], from: string, to: string): Promise<SnapshotFiles> {
  const copied: Record<string, { size: number; sha256: string }> = {}
  for (const file of files) {
    const name = relative(from, resolve(from, file))
    if (name.startsWith('..') || isAbsolute(name)) throw new Error(`the snapshot is outside of ${from}: ${file}`)
    const path = join(to, name)
    await copyDataFile(join(from, name), path)
    copied[name] = { size: statSync(path).size, sha256: await fileDigest(path) }
  }
  return copied
}
