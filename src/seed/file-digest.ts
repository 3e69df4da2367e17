import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'

const known = new Map<string, { stamp: string; digest: Promise<string> }>()

/** A digest of bytes or text. */
export function digestOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

async function read(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/**
 * The digest of a file's content; `absent` if the file cannot be read. A file is read again only after it has changed.
 */
export async function fileDigest(path: string): Promise<string> {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (!status?.isFile()) return 'absent'
  const stamp = `${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`
  let entry = known.get(path)
  if (entry?.stamp !== stamp) {
    entry = { stamp, digest: read(path).catch(() => 'absent') }
    known.set(path, entry)
  }
  return await entry.digest
}
