import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { KeptDirectoryError } from '../../errors.ts'
import type { KeptManifest } from './manifest.ts'

/** The files of a database in a kept directory. */
export interface DataFiles {
  /** The directory that the paths start from. */
  readonly root: string
  readonly files: readonly string[]
  /** The options of `box.cfg` with which Tarantool finds the files. */
  readonly boxCfg: Readonly<Record<string, string>>
  /** The server wrote a journal, so the data is as it was at the server's end. */
  readonly hasJournal: boolean
}

// Snapshots, journals, and what vinyl writes.
const ofData = /\.(?:snap|xlog|vylog|run|index)$/

const directoryOptions = [
  ['memtx_dir', '.snap'],
  ['wal_dir', '.xlog'],
  ['vinyl_dir', '.vylog'],
] as const

// The application may have chosen other directories than the server's own one.
function directoriesOf(files: readonly string[]): Record<string, string> {
  const found = directoryOptions.map(([option, ending]) => {
    const file = files.find(name => name.endsWith(ending))
    return [option, file === undefined ? '.' : dirname(file)]
  })
  return Object.fromEntries(found.filter(([, directory]) => directory !== '.'))
}

/** The files of the database in a server's own directory. */
export const ownDataFiles = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => ofData.test(name))

/**
 * Finds the data in a kept directory.
 *
 * @throws KeptDirectoryError if there is none, or if files are missing
 */
export function dataFilesIn(directory: string, { files: listed, reason }: KeptManifest): DataFiles {
  const root = listed === undefined ? directory : join(directory, 'data')
  const files = listed ?? ownDataFiles(directory)
  const missing = listed?.find(file => !existsSync(join(root, file)))
  if (missing !== undefined || listed?.length === 0) {
    throw new KeptDirectoryError(`${directory} is not complete: it lacks ${missing ?? 'its data'}`, {
      hint: 'Copy the whole directory. The server logged what is in tarantool.log.',
    })
  }
  if (!files.some(file => file.endsWith('.snap'))) {
    throw new KeptDirectoryError(`${directory} has no data: ${reason ?? 'the server had written none'}`, {
      hint: 'The server logged what is in tarantool.log.',
    })
  }
  return {
    ...{ root, files, boxCfg: directoriesOf(files) },
    hasJournal: files.some(file => file.endsWith('.xlog')),
  }
}
