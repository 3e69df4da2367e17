import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { directoryPrefix, removeDirectory } from '../place/directory.ts'
import { markerOf } from '../place/marker.ts'
import { readKeptCluster } from './cluster.ts'
import { keptFile, readKept } from './manifest.ts'

const mostKept = 10

/** The time at which a directory was kept, in milliseconds since 1970; undefined for any other directory. */
export function keptAt(directory: string): number | undefined {
  return statSync(join(directory, keptFile), { throwIfNoEntry: false })?.mtimeMs
}

// A directory of `keep: 'always'` stays, whatever else is kept.
function isPruned(directory: string): boolean {
  if (!markerOf(directory)?.keep) return false
  try {
    return (readKeptCluster(directory) ?? readKept(directory)).keep !== 'always'
  } catch {
    return true
  }
}

/** Removes all but the newest directories that were kept in a place. */
export async function pruneKept(place: string, most: number = mostKept): Promise<void> {
  const names = (await readdir(place)).filter(name => name.startsWith(directoryPrefix))
  const kept = names
    .map(name => join(place, name))
    .flatMap(directory => {
      const at = keptAt(directory)
      return at === undefined || !isPruned(directory) ? [] : [{ directory, at }]
    })
    .sort((a, b) => b.at - a.at)
  for (const { directory } of kept.slice(most)) removeDirectory(directory)
}
