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
 * Removes the directories in a place whose owners have died, with whatever still runs in one. Once per process and place.
 * It has only this user's directories in it, since nobody else can write there; those without our marker file, and those
 * whose owner may live elsewhere, stay.
 */
export function sweepOnce(place: string): void {
  if (swept.has(place)) return
  swept.add(place)
  const others = isOwnDirectory(place) ? otherOwnDirectories(dirname(place)) : []
  reapNow([place, ...others].flatMap(abandonedIn))
  for (const other of others) if (other !== place) removeOwnDirectory(other)
}
