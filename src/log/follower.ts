import type { FSWatcher } from 'node:fs'
import { clearInterval, setInterval, statSync, watch } from '../node-builtins.ts'
import { LineSplitter } from './lines.ts'
import { type Chunk, readChunks, readChunksNow } from './read.ts'

// Some file systems (network mounts, some containers' volumes) do not report changes.
const lookAgainAfter = 200

/**
 * A user's function that takes a line. If the function throws, the first error becomes a warning, and the log goes on.
 */
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

/** Calls back with each whole line that a log gets, from an offset on. The follower does not keep the process alive. */
export class LogFollower {
  readonly #path: string
  readonly #lines: LineSplitter
  #offset: number
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #reading = false
  #again = false
  #stopped = false

  constructor(path: string, since: number, onLine: (line: string) => void) {
    this.#path = path
    this.#offset = since
    this.#lines = new LineSplitter(onLine)
  }

  start(): void {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => this.#look())
      this.#watcher.on('error', () => {})
    } catch {
      // The file does not exist yet, or cannot be watched. The timer looks.
    }
    this.#timer = setInterval(() => this.#look(), lookAgainAfter)
    this.#timer.unref()
    this.#look()
  }

  /** Ends the watch. `drain` can still read the lines that were written until now. */
  stop(): void {
    this.#stopped = true
    this.#watcher?.close()
    clearInterval(this.#timer)
  }

  /** Reads the rest synchronously, with a last line that has no line break, and stops. */
  drain(): void {
    if (this.#stopped) return
    this.stop()
    for (const chunk of readChunksNow(this.#path, this.#offset)) this.#take(chunk)
    this.#lines.end()
  }

  /** Reads what was written until now, synchronously, and goes on. */
  catchUp(): void {
    if (this.#stopped) return
    for (const chunk of readChunksNow(this.#path, this.#offset)) this.#take(chunk)
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
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size
    if (size === undefined) return
    if (size < this.#offset) {
      // Another file has taken the log's path.
      this.#offset = 0
      this.#lines.clear()
    }
    for await (const chunk of readChunks(this.#path, this.#offset)) {
      if (this.#stopped) return
      this.#take(chunk)
    }
  }

  #take({ bytes, end }: Chunk): void {
    const missing = end - this.#offset
    // catchUp() was faster than the reading that had begun before.
    if (missing <= 0) return
    this.#offset = end
    this.#lines.take(bytes.length > missing ? bytes.subarray(bytes.length - missing) : bytes)
  }
}
