import { closeSync, existsSync, type FSWatcher, fstatSync, openSync, readSync, watch } from 'node:fs'
import { open } from 'node:fs/promises'
import { clearInterval, setInterval } from '../protocol/node-builtins.ts'

// Some file systems (network mounts, some containers' volumes) do not tell of changes.
const lookAgainAfter = 200

/**
 * What a file holds from an offset on, at most its last `limit` bytes; nothing where it cannot be read. Synchronous: for
 * the last moment before a file goes.
 */
export function readSince(path: string, since: number, limit: number = Number.POSITIVE_INFINITY): Buffer {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const { size } = fstatSync(file)
    const from = Math.max(since, size - limit)
    const buffer = Buffer.alloc(Math.max(0, size - from))
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, from))
  } catch {
    return Buffer.alloc(0)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** A user's function that takes a line; what it throws is a warning, once, and stops nothing. */
export function guarded(logger: (line: string) => void): (line: string) => void {
  let warned = false
  return line => {
    try {
      logger(line)
    } catch (error) {
      if (!warned) process.emitWarning(`the option 'logger' threw: ${error instanceof Error ? error.stack : error}`)
      warned = true
    }
  }
}

/** Calls back with each whole line that a log gets, from an offset on. Does not keep the process alive by itself. */
export class LogFollower {
  readonly #path: string
  readonly #onLine: (line: string) => void
  #offset: number
  #rest = Buffer.alloc(0)
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #reading = false
  #again = false
  #stopped = false

  constructor(path: string, since: number, onLine: (line: string) => void) {
    this.#path = path
    this.#offset = since
    this.#onLine = onLine
  }

  start(): void {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => this.#look())
      this.#watcher.on('error', () => {})
    } catch {
      // Not there yet, or not watchable: the timer looks.
    }
    this.#timer = setInterval(() => this.#look(), lookAgainAfter)
    this.#timer.unref()
    this.#look()
  }

  /** Ends the watch; what has been written until now can still be had with `drain`. */
  stop(): void {
    this.#stopped = true
    this.#watcher?.close()
    clearInterval(this.#timer)
  }

  /** Reads what is left, synchronously, the last line also when it has no end, and stops. */
  drain(): void {
    if (this.#stopped) return
    this.stop()
    this.#take(readSince(this.#path, this.#offset))
    if (this.#rest.length > 0) this.#onLine(this.#rest.toString('utf8'))
  }

  #look(): void {
    if (this.#reading) {
      this.#again = true
      return
    }
    this.#reading = true
    this.#read()
      .catch(() => {})
      .finally(() => {
        this.#reading = false
        if (!this.#again || this.#stopped) return
        this.#again = false
        this.#look()
      })
  }

  async #read(): Promise<void> {
    if (!existsSync(this.#path)) return
    const file = await open(this.#path, 'r')
    try {
      const buffer = Buffer.alloc(64 * 1024)
      while (!this.#stopped) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset)
        if (bytesRead === 0 || this.#stopped) return
        this.#take(buffer.subarray(0, bytesRead))
      }
    } finally {
      await file.close()
    }
  }

  #take(chunk: Buffer): void {
    this.#offset += chunk.length
    const data = Buffer.concat([this.#rest, chunk])
    const end = data.lastIndexOf(10)
    this.#rest = Buffer.from(data.subarray(end + 1))
    if (end < 0) return
    for (const line of data.toString('utf8', 0, end).split(/\r?\n/)) if (line !== '') this.#onLine(line)
  }
}
