import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

const known = new Map<string, { stamp: string; digest: Promise<string> }>()

/** A digest of bytes or text. */
export function digestOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

async function read(path: string, isDirectory: boolean): Promise<string> {
  if (isDirectory) return digestOf((await readdir(path)).sort().join('\n'))
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/**
 * The digest of a file's content, or of the names in a directory; `absent` if it cannot be read. A file is read again
 * only after it has changed.
 */
export async function fileDigest(path: string): Promise<string> {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (!status?.isFile() && !status?.isDirectory()) return 'absent'
  const stamp = `${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`
  let entry = known.get(path)
  if (entry?.stamp !== stamp) {
    entry = { stamp, digest: read(path, status.isDirectory()).catch(() => 'absent') }
    known.set(path, entry)
  }
  return await entry.digest
}
