import { closeSync, constants, fstatSync, openSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withDirectory } from '../../inside-directory.ts'
import { ownUid } from '../../trusted-path.ts'
import { type Owner, parseOwner, thisOwner } from '../owner/owner.ts'

/** Marks a directory as made by the fixture, and names its owner. */
export const markerFile = '.tarantool-fixture.json'

/** Content of the marker file. */
export interface Marker extends Owner {
  /** The directory outlives its owner. */
  readonly keep: boolean
}

// A marker is far smaller.
const mostBytes = 4096

/** Marks a directory as this process's. */
export function writeMarker(directory: string, keep: boolean): void {
  const marker: Marker = { ...thisOwner(), keep }
  writeFileSync(join(directory, markerFile), JSON.stringify(marker), { mode: 0o600 })
}

/**
 * Reads a directory's marker. Undefined if the fixture did not make the directory for this user: it is another user's,
 * a link, or has no marker.
 */
export function markerOf(directory: string): Marker | undefined {
  try {
    return withDirectory(directory, (at: string, { uid }) =>
      uid === ownUid ? readMarker(join(at, markerFile)) : undefined,
    )
  } catch {
    return undefined
  }
}

function readMarker(path: string): Marker | undefined {
  const text = readSmallFile(path)
  const owner = text === undefined ? undefined : parseOwner(text)
  return owner && { ...owner, keep: (JSON.parse(text ?? '') as Partial<Marker>).keep === true }
}

// Somebody else may have put anything at this path: a link, a pipe that nobody writes to, an endless file.
function readSmallFile(path: string): string | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const status = fstatSync(file)
    if (!status.isFile() || status.uid !== ownUid || status.size > mostBytes) return undefined
    const buffer = Buffer.alloc(mostBytes)
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, mostBytes, 0))
  } finally {
    closeSync(file)
  }
}
