import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { directoryPrefix, markerOf } from '../place/directory.ts'
import { isOwnerGone } from './owner.ts'
import { reapNow } from './reaper.ts'

const swept = new Set<string>()

function isAbandoned(path: string): boolean {
  const marker = markerOf(path)
  return marker !== undefined && !marker.keep && isOwnerGone(marker)
}

/**
 * Removes the directories below `root` whose owners have died, with whatever still runs in one. Once per process and
 * root; directories without our marker file, and those whose owner may live elsewhere, stay.
 */
export function sweepOnce(root: string): void {
  if (swept.has(root)) return
  swept.add(root)
  let names: string[]
  try {
    names = readdirSync(root)
  } catch {
    return
  }
  reapNow(
    names
      .filter(name => name.startsWith(directoryPrefix))
      .map(name => join(root, name))
      .filter(isAbandoned),
  )
}
