import { createHash, randomBytes } from 'node:crypto'
import { lstat, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { makeDirectories } from '../make-directories.ts'
import { hasEnded, processScope, startOf } from './process-scope.ts'

// In milliseconds. The holder touches the file, so that processes of other hosts see that the holder lives.
const heartbeat = 5_000
const silentFor = 60_000
// A process can ask the system whether another process of this host lives. A suspended machine touches no file.
const suspendedFor = 12 * 60 * 60_000
const askEvery = 200

interface Holder {
  readonly scope: string
  readonly pid: number
  /** When the process began, to tell it from a later process with the same ID. */
  readonly started?: string | undefined
  readonly nonce: string
}

/** Called while a lock is waited for: at once, and then about five times a second. */
export type OnWait = (holder: { readonly pid: number }) => void

interface Lock {
  readonly text: string
  readonly holder?: Holder
}

/** Reads a lock; undefined if there is none. */
async function read(path: string): Promise<Lock | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const status = await lstat(path).catch(() => undefined)
    // Nobody would ever remove the link.
    if (status?.isSymbolicLink()) throw new Error(`${path} is a link, not a lock`)
    return undefined
  }
  try {
    return { text, holder: JSON.parse(text) as Holder }
  } catch {
    // The lock's process was killed during the write.
    return { text }
  }
}

async function isAbandoned(path: string, { holder }: Lock): Promise<boolean> {
  const isNear = holder?.scope === processScope()
  if (isNear && hasEnded(holder.pid, holder.started)) return true
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  )
  return age > (isNear ? suspendedFor : silentFor)
}

/** Makes a lock, unless there is one. */
async function make(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o644 })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A full disk leaves an empty file.
    if (code === 'ENOSPC' || code === 'EDQUOT') await rm(path, { force: true })
    if (code !== 'EEXIST') throw error
    return false
  }
}

/**
 * Replaces an abandoned lock by one's own, in one step. Only the holder of the replacement's lock does so. Otherwise
 * two processes could remove each other's new lock. If the holder is killed, the replacement's lock is replaced in the
 * same way.
 */
async function takeOver(path: string, abandoned: Lock, text: string): Promise<boolean> {
  const name = createHash('sha256').update(abandoned.text).digest('hex').slice(0, 16)
  const claim = `${path}.${name}`
  if (!(await make(claim, text))) {
    const other = await read(claim)
    if (!other || !(await isAbandoned(claim, other)) || !(await takeOver(claim, other, text))) return false
  }
  const isStillThere = (await read(path).catch(() => undefined))?.text === abandoned.text
  if (isStillThere) await rename(claim, path)
  else await rm(claim, { force: true })
  return isStillThere
}

/**
 * Runs work while no other process of this user holds the same lock file. A lock of a killed process is taken over.
 *
 * @param path of the lock file, in a directory that nobody else can write to
 * @param onWait is called while another process, or another call in this one, holds the lock
 * @throws an error of the file system if the lock cannot be made, read or taken over
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: { signal?: AbortSignal | undefined; onWait?: OnWait | undefined } = {},
): Promise<T> {
  const { signal, onWait } = options
  const { pid } = process
  const mine: Holder = { scope: processScope(), pid, started: startOf(pid), nonce: randomBytes(8).toString('hex') }
  const text = JSON.stringify(mine)
  makeDirectories(dirname(path), 0o755)
  for (;;) {
    signal?.throwIfAborted()
    if (await make(path, text)) break
    const found = await read(path)
    if (found) {
      if ((await isAbandoned(path, found)) && (await takeOver(path, found, text))) break
      // A lock that was made just now has no text yet.
      if (found.holder) onWait?.(found.holder)
    }
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
    const last = await read(path).catch(() => undefined)
    if (last?.text === text) await rm(path, { force: true })
  }
}
