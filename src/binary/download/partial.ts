import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Answer } from './answer.ts'
import { withoutSecrets } from './failure.ts'

/** The address and the validator (ETag or Last-Modified) of the file of a partial download. */
interface Origin {
  readonly url: string
  readonly validator: string
}

/** The validator of a partial download from an address. Undefined if the download cannot be resumed. */
export async function validatorOf(partial: string, url: string): Promise<string | undefined> {
  try {
    const origin = JSON.parse(await readFile(`${partial}.json`, 'utf8')) as Origin
    return origin.url === withoutSecrets(url) && typeof origin.validator === 'string' ? origin.validator : undefined
  } catch {
    return undefined
  }
}

/** Notes the source of a download, so that a later process can resume it. */
export async function noteOrigin(partial: string, url: string, { headers }: Answer): Promise<void> {
  const { etag } = headers
  // If-Range does not accept a weak ETag.
  const validator = etag?.startsWith('"') ? etag : headers['last-modified']
  if (validator === undefined) return await rm(`${partial}.json`, { force: true })
  const origin: Origin = { url: withoutSecrets(url), validator }
  await writeFile(`${partial}.json`, JSON.stringify(origin))
}

/** Removes a partial download, and the note about it. */
export async function removePartial(partial: string): Promise<void> {
  await rm(partial, { force: true })
  await rm(`${partial}.json`, { force: true })
}

/** The size of a file in bytes; 0 if the file does not exist. */
export async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

/** The SHA256 of a file, in hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
