import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { directoryPrefix } from '../place/directory.ts'
import { markerOf } from '../place/marker.ts'
import { isOwnDirectory, otherOwnDirectories, removeOwnDirectory } from '../place/own-directory.ts'
import { isOwnerGone } from './owner.ts'
import { reapNow } from './reaper.ts'

const swept = new Set<string>()

function isAbandoned(path: string): boolean {
  const marker = markerOf(path)
  return marker !== undefined && !marker.keep && isOwnerGone(marker)
}

function abandonedIn(place: string): string[] {
  let names: string[]
  try {
    names = readdirSync(place)
  } catch {
    return []
  }
  return names
    .filter(name => name.startsWith(directoryPrefix))
    .map(name => join(place, name))
    .filter(isAbandoned)
}

/**
 * Removes directories whose owners have died, and ends processes in them. It runs once per process and place. The place
 * holds only this user's directories, because nobody else can write there. Directories without the marker file stay,
 * and so do directories whose owner may live elsewhere.
 */
export function sweepOnce(place: string): void {
  if (swept.has(place)) return
  swept.add(place)
  const others = isOwnDirectory(place) ? otherOwnDirectories(dirname(place)) : []
  reapNow([place, ...others].flatMap(abandonedIn))
  for (const other of others) if (other !== place) removeOwnDirectory(other)
}
