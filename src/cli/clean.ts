import { type KeptCluster, readKeptCluster } from '../instance/kept/cluster.ts'
import { keptAt } from '../instance/kept/directories.ts'
import { type KeptManifest, readKept } from '../instance/kept/manifest.ts'
import { isOwnerGone } from '../instance/owner/owner.ts'
import { removeDirectory } from '../instance/place/directory.ts'
import { type MarkedDirectory, markedDirectories } from './running.ts'

/** The options of the command `clean`. */
export interface CleanOptions {
  /** Lists the directories, and removes nothing. */
  readonly list?: boolean
  readonly json?: boolean
  readonly root?: string
}

interface Kept {
  readonly directory: string
  readonly test?: string | undefined
  readonly testFile?: string | undefined
  readonly made?: string | undefined
  readonly tarantool?: string | undefined
  readonly reason?: string | undefined
}

function manifestOf(directory: string): KeptManifest | KeptCluster | undefined {
  try {
    return readKeptCluster(directory) ?? readKept(directory)
  } catch {
    return undefined
  }
}

function describe({ directory }: MarkedDirectory): Kept {
  const { test, testFile, made, tarantool, reason } = manifestOf(directory) ?? {}
  return { directory, test, testFile, made, tarantool, reason }
}

// A running server may still write to a directory that has no description yet.
const isAtRest = ({ directory, marker }: MarkedDirectory): boolean =>
  marker.keep && (keptAt(directory) !== undefined || isOwnerGone(marker))

function lineOf({ directory, test, testFile, made, reason }: Kept): string {
  const of =
    test === undefined
      ? reason === undefined
        ? ''
        : `  ${reason}`
      : `  ${testFile === undefined ? '' : `${testFile} > `}${test}`
  return `${directory}  ${made?.slice(0, 16).replace('T', ' ') ?? ''}${of}`.trimEnd()
}

/** Removes the directories that were kept for failed tests, or lists them. */
export function clean({ list = false, json = false, root }: CleanOptions): string {
  const kept = markedDirectories(root).filter(isAtRest).map(describe)
  if (!list) for (const { directory } of kept) removeDirectory(directory)
  if (json) return `${JSON.stringify(kept, undefined, 2)}\n`
  const count = `${kept.length} kept director${kept.length === 1 ? 'y' : 'ies'}`
  const head = list
    ? `${count}. \`tarantool-fixture clean\` removes ${kept.length === 1 ? 'it' : 'them'}.`
    : `removed ${count}`
  return `${[kept.length === 0 ? 'no directory was kept' : head, ...kept.map(lineOf)].join('\n')}\n`
}
