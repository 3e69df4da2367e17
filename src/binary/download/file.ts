import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { DownloadError, type ErrorDetails } from '../../errors.ts'
import { makeDirectories } from '../../make-directories.ts'
import { type Answer, defaultPatience, type Patience } from './answer.ts'
import type { Client } from './client.ts'
import { checkSpace, diskFull, isFull } from './disk.ts'
import { answerOf, networkFailure, withoutSecrets } from './failure.ts'
import { noteOrigin, removePartial, sha256Of, sizeOf, validatorOf } from './partial.ts'
import type { Progress } from './progress.ts'

/** A file on a server, as a verified index describes it. */
export interface RemoteFile {
  readonly url: string
  /** The size in bytes. */
  readonly size: number
  /** The SHA256 in hexadecimal. */
  readonly sha256: string
}

/** The circumstances of a download. */
export interface DownloadOptions {
  readonly client: Client
  readonly progress: Progress
  readonly patience?: Patience
  /** Called before the request, because the file may already exist. */
  readonly onStart?: () => void
  readonly signal?: AbortSignal | undefined
}

// Successive attempts that bring no byte. An attempt that brings bytes starts the count again.
const mostAttempts = 4
const pause = 500

/**
 * Downloads a file to `directory` and returns its path. An interrupted download is resumed: at once, and by a later
 * call in any process. An existing file is not downloaded again. The caller makes sure that no other process downloads
 * the same file, and later removes the file.
 *
 * @throws DownloadError if the server cannot be reached, or if its file is not the one that the index describes
 */
export async function downloadFile(file: RemoteFile, directory: string, options: DownloadOptions): Promise<string> {
  makeDirectories(directory, 0o755)
  const partial = join(directory, `${file.sha256}.partial`)
  const complete = join(directory, `${file.sha256}.deb`)
  if (await isWhole(complete, file)) return complete
  options.onStart?.()
  await checkSpace(directory, file.size, await sizeOf(partial))
  try {
    let failures = 0
    let wasResumed = false
    for (;;) {
      const before = await sizeOf(partial)
      wasResumed ||= before > 0
      const failure = await attempt(file, partial, options).then(
        () => undefined,
        (error: Error) => error,
      )
      const after = await sizeOf(partial)
      if (!failure) {
        if ((await sha256Of(partial)) === file.sha256) break
        await removePartial(partial)
        // The old part may belong to another file with the same name.
        if (!wasResumed) throw new DownloadError(`${withoutSecrets(file.url)} has another SHA256 than its index says`)
        wasResumed = false
        continue
      }
      failures = after > before ? 1 : failures + 1
      if (!interruptions.has(failure) || failures === mostAttempts) throw failure
      await setTimeout(pause * failures, undefined, options.signal && { signal: options.signal })
    }
  } finally {
    options.progress.end()
  }
  await rename(partial, complete)
  await rm(`${partial}.json`, { force: true })
  return complete
}

// A process left the file there because it was killed, or because it could not unpack the file.
async function isWhole(path: string, { size, sha256 }: RemoteFile): Promise<boolean> {
  if ((await sizeOf(path)) !== size) return false
  return (await sha256Of(path)) === sha256
}

// Errors after which another attempt may succeed: the connection ended, or the server was too busy.
const interruptions = new WeakSet<Error>()

function interruption(message: string, details?: ErrorDetails): DownloadError {
  const error = new DownloadError(message, details)
  interruptions.add(error)
  return error
}

function interrupted(error: Error): never {
  if (!(error instanceof DownloadError)) throw error
  throw interruption(error.summary, { hint: error.hint, cause: error.cause })
}

async function attempt(file: RemoteFile, partial: string, options: DownloadOptions): Promise<void> {
  const { client, signal, patience = defaultPatience } = options
  const have = await sizeOf(partial)
  const validator = have > 0 ? await validatorOf(partial, file.url) : undefined
  if (have === file.size) return
  const start = validator !== undefined && have < file.size ? have : 0
  const headers = start > 0 && validator ? { range: `bytes=${start}-`, 'if-range': validator } : undefined
  const answer = await client.get(file.url, { signal, ...(headers && { headers }) }).catch(interrupted)
  const resumed = answer.status === 206 && start > 0
  const from = resumed ? start : 0
  try {
    check(answer, file, resumed ? start : undefined)
  } catch (error) {
    answer.body.on('error', () => {}).destroy()
    if (answer.status === 416) await removePartial(partial)
    throw error
  }
  if (!resumed) {
    await noteOrigin(partial, file.url, answer).catch((error: Error) => notWritten(error, partial, file.size))
  }
  await receive(answer, partial, from, file, options).catch((error: unknown) => {
    signal?.throwIfAborted()
    if (error instanceof DownloadError) throw error
    if (isFull(error)) return notWritten(error as Error, partial, file.size)
    interrupted(networkFailure(error, new URL(answer.url), patience, answer.proxy))
  })
  const received = await sizeOf(partial)
  if (received < file.size) {
    throw interruption(`${withoutSecrets(file.url)} ended after ${received} of ${file.size} bytes`)
  }
}

function check(answer: Answer, { url, size }: RemoteFile, start: number | undefined): void {
  const { status, headers } = answer
  if (status >= 500 || status === 408 || status === 416 || status === 429) throw interruption(answerOf(answer))
  if (status !== 200 && status !== 206) throw new DownloadError(answerOf(answer))
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? []
  if (status === 206 && (start === undefined || Number(first) !== start)) {
    throw new DownloadError(`${answerOf(answer)} with other bytes than were asked for`)
  }
  const length = status === 206 ? total : headers['content-length']
  if (length !== undefined && Number(length) !== size) {
    throw new DownloadError(`${withoutSecrets(url)} has ${length} bytes, and its index says ${size}`)
  }
}

async function receive(
  { body }: Answer,
  partial: string,
  from: number,
  { url, size }: RemoteFile,
  { progress, signal }: DownloadOptions,
): Promise<void> {
  const target = await open(partial, from > 0 ? 'r+' : 'w', 0o644)
  let at = from
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (at + chunk.length > size) {
        throw new DownloadError(`${withoutSecrets(url)} has more bytes than the ${size} of its index`)
      }
      // The code does not use a stream, which loses unwritten data when the connection ends.
      for (let written = 0; written < chunk.length; ) {
        written += (await target.write(chunk, written, chunk.length - written, at + written)).bytesWritten
      }
      at += chunk.length
      signal?.throwIfAborted()
      progress.update(at, size)
    }
  } finally {
    await target.close()
  }
}

async function notWritten(error: Error, partial: string, size: number): Promise<never> {
  if (!isFull(error)) throw new DownloadError(error.message, { cause: error })
  // The file would keep the disk full.
  await removePartial(partial)
  throw diskFull(dirname(partial), size, error)
}
