import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { DownloadError } from '../../errors.ts'
import type { Version } from '../../version/version.ts'
import type { Answer } from '../download/answer.ts'
import type { Client } from '../download/client.ts'
import { answerOf, withoutSecrets } from '../download/failure.ts'
import type { RemoteFile } from '../download/file.ts'
import { type FileSum, parseParagraphs, parseSums } from './control-file.ts'
import { comparePackageVersions, releaseVersion } from './package-version.ts'
import type { Repository } from './repository.ts'

/** A release of Tarantool in a repository. */
export interface Release extends Version {
  /** The version in the package's form: `2.11.2.g1bac2d257b-1`. */
  readonly packageVersion: string
  readonly file: RemoteFile
  /** The names of the packages that it needs. If there are alternatives, the first. */
  readonly depends: readonly string[]
}

// A Packages file of the vendor has a few hundred kilobytes.
const largestIndex = 64 * 1024 * 1024

/** The contents of a repository. */
export interface Index {
  /** Releases of Tarantool for the processor, newest first. */
  readonly releases: readonly Release[]
  /** The reason why the repository has none: `http://…/Release answers 404`. */
  readonly lack?: string
}

/** The options for fetching an index. */
export interface FetchOptions {
  readonly signal: AbortSignal
  /** The time limit for the server's first answer, in milliseconds. Default: no limit of its own. */
  readonly reachWithin?: number | undefined
}

async function get(client: Client, url: string, { signal, reachWithin }: FetchOptions): Promise<Answer> {
  if (reachWithin === undefined) return await client.get(url, { signal })
  const limit = new AbortController()
  const server = withoutSecrets(new URL('/', url)).replace(/\/$/, '')
  const giveUp = (): void =>
    limit.abort(new DownloadError(`could not connect to ${server}: no answer within ${reachWithin / 1000} s`))
  const timer = setTimeout(giveUp, reachWithin)
  try {
    return await client.get(url, { signal: AbortSignal.any([signal, limit.signal]) })
  } finally {
    clearTimeout(timer)
  }
}

async function fetchWhole(client: Client, url: string, options: FetchOptions): Promise<Buffer | number> {
  const { signal } = options
  const { status, body } = await get(client, url, options)
  if (status !== 200) {
    body.on('error', () => {}).resume()
    return status
  }
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > largestIndex) throw new DownloadError(`${withoutSecrets(url)} is larger than an index can be`)
      chunks.push(chunk)
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof DownloadError) throw error
    throw new DownloadError(`${withoutSecrets(url)} ended too early (${(error as Error).message})`, { cause: error })
  }
  return Buffer.concat(chunks)
}

function verify(content: Buffer, { size, sha256 }: FileSum, url: string): Buffer {
  const name = withoutSecrets(url)
  if (content.length !== size) {
    throw new DownloadError(`${name} has ${content.length} bytes, and the repository's Release says ${size}`)
  }
  if (createHash('sha256').update(content).digest('hex') === sha256) return content
  throw new DownloadError(`${name} has another SHA256 than the repository's Release says`)
}

/** The checksums of a repository's files. Undefined if the repository does not exist. */
async function fetchSums(
  client: Client,
  url: string,
  options: FetchOptions,
): Promise<Map<string, FileSum> | undefined> {
  const content = await fetchWhole(client, url, options)
  if (content === 404) return undefined
  if (typeof content === 'number') throw new DownloadError(answerOf({ url: withoutSecrets(url), status: content }))
  const table = parseParagraphs(content.toString())[0]?.get('sha256')
  if (table !== undefined) return parseSums(table)
  const start = content.subarray(0, 60).toString().split('\n')[0]?.trim()
  throw new DownloadError(`${withoutSecrets(url)} is not the Release file of a repository: it begins with '${start}'`)
}

// A few bytes can unpack to any size.
async function unpack(packed: Buffer, url: string): Promise<Buffer> {
  return await promisify(gunzip)(packed, { maxOutputLength: largestIndex }).catch((error: NodeJS.ErrnoException) => {
    const isTooLarge = error.code === 'ERR_BUFFER_TOO_LARGE'
    const what = isTooLarge ? 'is larger than an index can be' : `could not be unpacked: ${error.message}`
    throw new DownloadError(`${withoutSecrets(url)} ${what}`, { cause: error })
  })
}

async function fetchPackages(
  client: Client,
  root: string,
  name: string,
  sums: Map<string, FileSum>,
  signal: AbortSignal,
): Promise<string> {
  let status: number | undefined
  for (const suffix of ['.gz', '']) {
    const sum = sums.get(name + suffix)
    if (!sum) continue
    const url = new URL(name + suffix, root).href
    const content = await fetchWhole(client, url, { signal })
    if (typeof content !== 'number') {
      const verified = verify(content, sum, url)
      return (suffix === '' ? verified : await unpack(verified, url)).toString()
    }
    // Release lists the plain file, too, even if the server has only the packed file.
    status ??= content
  }
  throw new DownloadError(answerOf({ url: withoutSecrets(new URL(`${name}.gz`, root)), status: status ?? 404 }))
}

function releasesIn(packages: string, { base }: Repository): Release[] {
  const releases: Release[] = []
  for (const fields of parseParagraphs(packages)) {
    const packageVersion = fields.get('version') ?? ''
    const version = fields.get('package') === 'tarantool' ? releaseVersion(packageVersion) : undefined
    const [size, sha256, filename] = ['size', 'sha256', 'filename'].map(name => fields.get(name) ?? '')
    const url = filename && URL.canParse(filename, base) ? new URL(filename, base).href : ''
    // A file elsewhere does not belong to this repository.
    if (!version || !/^\d+$/.test(size ?? '') || !/^[\da-f]{64}$/i.test(sha256 ?? '') || !url.startsWith(base)) continue
    const depends = (fields.get('depends') ?? '').split(',').map(entry => entry.trim().split(/[\s|(:]/)[0] ?? '')
    releases.push({
      ...version,
      packageVersion,
      file: { url, size: Number(size), sha256: (sha256 ?? '').toLowerCase() },
      depends: depends.filter(name => name !== ''),
    })
  }
  // If two packages have the same version, the later one counts.
  return releases.sort((a, b) => comparePackageVersions(b.packageVersion, a.packageVersion))
}

/**
 * Reads a repository's index as apt does: `Release`, then `Packages`, which has to match `Release`.
 *
 * @throws DownloadError if the server cannot be reached, or if its files do not match
 */
export async function fetchReleases(client: Client, repository: Repository, options: FetchOptions): Promise<Index> {
  const { base, distribution, component, architecture } = repository
  const root = new URL(`dists/${distribution}/`, base).href
  const place = withoutSecrets(root)
  const sums = await fetchSums(client, new URL('Release', root).href, options)
  if (!sums) return { releases: [], lack: answerOf({ url: `${place}Release`, status: 404 }) }
  const name = `${component}/binary-${architecture}/Packages`
  // The repository is not for this processor, or has another layout.
  if (!sums.has(name) && !sums.has(`${name}.gz`)) return { releases: [], lack: `${place}Release lists no ${name}` }
  const releases = releasesIn(await fetchPackages(client, root, name, sums, options.signal), repository)
  return releases.length > 0 ? { releases } : { releases, lack: `${place}${name} lists no release of tarantool` }
}
