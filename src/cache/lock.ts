import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { makeDirectories } from '../make-directories.ts'
import { hasEnded, processScope } from './process-scope.ts'

// In milliseconds. The holder shows that it lives, for processes of other hosts and for a reused process ID.
const heartbeat = 5_000
const silentFor = 60_000
const askEvery = 200

interface Holder {
  readonly scope: string
  readonly pid: number
  readonly nonce: string
}

/** Takes note of a wait; called at once, and then about five times a second. */
export type OnWait = (holder: { readonly pid: number }) => void

async function read(path: string): Promise<{ text: string; holder?: Holder } | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    try {
      return { text, holder: JSON.parse(text) as Holder }
    } catch {
      // It was killed while it wrote.
      return { text }
    }
  } catch {
    return undefined
  }
}

async function isAbandoned(path: string, holder: Holder | undefined): Promise<boolean> {
  if (holder?.scope === processScope() && hasEnded(holder.pid)) return true
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  )
  return age > silentFor
}

// Another process may have removed the abandoned lock and made its own meanwhile: that one is put back.
async function removeAbandoned(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomBytes(4).toString('hex')}`
  try {
    await rename(path, aside)
    if ((await readFile(aside, 'utf8')) !== text) await link(aside, path)
  } catch {
    // Another process was first.
  } finally {
    await rm(aside, { force: true })
  }
}

/**
 * Runs work while no other process of this user holds the same lock file. A lock of a killed process is taken over.
 *
 * @param path of the lock file, in a directory that nobody else can write to
 * @param onWait is called while another process, or another call in this one, holds the lock
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: { signal?: AbortSignal | undefined; onWait?: OnWait | undefined } = {},
): Promise<T> {
  const { signal, onWait } = options
  const mine: Holder = { scope: processScope(), pid: process.pid, nonce: randomBytes(8).toString('hex') }
  const text = JSON.stringify(mine)
  makeDirectories(dirname(path), 0o755)
  for (;;) {
    signal?.throwIfAborted()
    try {
      await writeFile(path, text, { flag: 'wx', mode: 0o644 })
      break
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // A full disk leaves an empty file.
      if (code === 'ENOSPC' || code === 'EDQUOT') await rm(path, { force: true })
      if (code !== 'EEXIST') throw error
    }
    const found = await read(path)
    if (!found) continue
    if (await isAbandoned(path, found.holder)) {
      await removeAbandoned(path, found.text)
      continue
    }
    onWait?.({ pid: found.holder?.pid ?? 0 })
    await setTimeout(askEvery, undefined, signal && { signal })
  }
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {})
  }, heartbeat)
  beat.unref()
  try {
    return await work()
  } finally {
    clearInterval(beat)
    if ((await read(path))?.text === text) await rm(path, { force: true })
  }
}
