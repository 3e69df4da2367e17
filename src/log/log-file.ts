import { statSync } from 'node:fs'
import { fromCaller } from '../call-site.ts'
import { LogTimeoutError } from '../errors.ts'
import { clearTimeout, setTimeout } from '../protocol/node-builtins.ts'
import { readableText } from '../readable-text.ts'
import { LogFollower } from './follower.ts'
import { LineSplitter } from './lines.ts'
import { readChunks } from './read.ts'
import { tailOf } from './tail.ts'

/** What the log is called in the directory of its instance. */
export const logFileName = 'tarantool.log'

/** How much of a log is held at a time, in bytes: what is read at once, and what is found. */
const mostHeld = 16 * 2 ** 20

// Lines of the log, in the error of a wait.
const shownInVain = 20

// Before the 5 s that Vitest and Jest give a test by default: the error is to be the one that says more.
export const usualWait = 4000

/** A place in a log: an offset in bytes, as `logOffset` gives. */
export interface LogSlice {
  /** Where to begin, in bytes from the start of the file. Default 0. */
  since?: number | undefined
}

/** Where to look for a line, and how long to wait for it. */
export interface LogWait extends LogSlice {
  /** How long to wait, in milliseconds. Default 4000: less than the 5 s that runners give a test by default. */
  timeout?: number | undefined
}

/** Who writes a log. */
export interface LogWriter {
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>
  /** Says that it has ended. */
  readonly error: () => Error
}

/** The log of an instance: a file that the server writes and nobody has to read. */
export class LogFile {
  /** The path of the file. */
  readonly path: string

  /** @internal */
  constructor(path: string) {
    this.path = path
  }

  /** The size of the log now, in bytes: what is logged from here on is `lines({ since: offset })`. */
  get offset(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
  }

  /** The text from `since` to the end; of more than 16 MiB the end, behind a line that says how much is left out. */
  async text({ since = 0 }: LogSlice = {}): Promise<string> {
    const start = Math.max(since, this.offset - mostHeld)
    const chunks: Buffer[] = []
    for await (const { bytes } of readChunks(this.path, start)) chunks.push(Buffer.from(bytes))
    const text = readableText(Buffer.concat(chunks))
    return start > since ? `${leftOut(start - since)}\n${text}` : text
  }

  /**
   * The lines from `since` to the end, as long as 1 MiB each; of more than 16 MiB the last ones, behind a line that says
   * how much is left out.
   */
  async lines({ since = 0 }: LogSlice = {}): Promise<string[]> {
    const start = Math.max(since, this.offset - mostHeld)
    const lines = start > since ? [leftOut(start - since)] : []
    await this.#forEachLine(start, line => lines.push(line))
    return lines
  }

  /**
   * Those lines that hold a text or match an expression. All of the log is looked at, of each line 1 MiB; of more than
   * 16 MiB of matching lines the last ones come, behind a line that says how many are left out.
   */
  async grep(pattern: string | RegExp, { since = 0 }: LogSlice = {}): Promise<string[]> {
    const matches = matcher(pattern)
    const found = new LastLines(mostHeld)
    await this.#forEachLine(since, line => {
      if (matches(line)) found.add(line)
    })
    return found.all()
  }

  /**
   * Waits for a line that holds a text or matches an expression, and returns it; one that is there already will do.
   *
   * @param writer the end of who writes the log, after which no line comes, and the error for it
   * @throws LogTimeoutError, or the writer's error
   */
  async waitFor(pattern: string | RegExp, options: LogWait = {}, writer?: LogWriter): Promise<string> {
    return await fromCaller(this.waitFor, () => this.#waitFor(pattern, options, writer))
  }

  async #waitFor(pattern: string | RegExp, options: LogWait, writer: LogWriter | undefined): Promise<string> {
    const { since = 0, timeout = usualWait } = options
    const matches = matcher(pattern)
    return await new Promise<string>((resolve, reject) => {
      const follower = new LogFollower(this.path, since, line => {
        if (matches(line)) finish(() => resolve(line))
      })
      const finish = (settle: () => void): void => {
        follower.stop()
        clearTimeout(timer)
        settle()
      }
      const timer = setTimeout(() => finish(() => reject(this.#timedOut(pattern, since, timeout))), timeout)
      follower.start()
      void writer?.ended.then(() => {
        // A line that is found here has settled it before the error can.
        follower.drain()
        finish(() => reject(writer.error()))
      })
    })
  }

  async #forEachLine(since: number, onLine: (line: string) => void): Promise<void> {
    const splitter = new LineSplitter(onLine)
    for await (const { bytes } of readChunks(this.path, since)) splitter.take(bytes)
    splitter.end()
  }

  #timedOut(pattern: string | RegExp, since: number, timeout: number): LogTimeoutError {
    const logTail = tailOf(this.path, since, shownInVain)
    const silent = logTail.length === 0 ? ': nothing was logged' : ''
    return new LogTimeoutError(`no line of the log matched ${pattern} within ${timeout} ms${silent}`, {
      logTail,
      logFile: this.path,
    })
  }
}

const leftOut = (bytes: number): string => `… (${bytes} bytes of the log stand before this)`

/** The last lines of many, within a bound. */
class LastLines {
  readonly #most: number
  #lines: string[] = []
  #characters = 0
  #leftOut = 0

  constructor(most: number) {
    this.#most = most
  }

  add(line: string): void {
    // A copy: V8 keeps the whole text that a line was cut out of.
    this.#lines.push(Buffer.from(line).toString())
    this.#characters += line.length
    if (this.#characters > 2 * this.#most) this.#shrink()
  }

  all(): string[] {
    if (this.#characters > this.#most) this.#shrink()
    return this.#leftOut === 0 ? this.#lines : [`… (${this.#leftOut} matching lines stand before this)`, ...this.#lines]
  }

  #shrink(): void {
    let count = 0
    while (this.#characters > this.#most) this.#characters -= this.#lines[count++]?.length ?? this.#characters
    this.#lines.splice(0, count)
    this.#leftOut += count
  }
}

function matcher(pattern: string | RegExp): (line: string) => boolean {
  if (typeof pattern === 'string') return line => line.includes(pattern)
  // A `g` or `y` flag would make each test begin where the last one ended.
  const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
  return line => stateless.test(line)
}
