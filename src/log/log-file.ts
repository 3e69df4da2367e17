import { fromCaller } from '../call-site.ts'
import { LogTimeoutError } from '../errors.ts'
import { clearTimeout, setTimeout } from '../node-builtins.ts'
import { readableText } from '../readable-text.ts'
import { LogFollower } from './follower.ts'
import { LineSplitter } from './lines.ts'
import { sizeOfLog } from './log-size.ts'
import { readChunks } from './read.ts'
import { shownLines, tailOf } from './tail.ts'
import { usualWait } from './usual-wait.ts'

/** Name of the log file in the instance's directory. */
export const logFileName = 'tarantool.log'

/** Most bytes of a log in memory at a time, both for reading and for results. */
const mostHeld = 16 * 2 ** 20

/** A part of a log, from an offset such as `log.offset` to the end. */
export interface LogSlice {
  /** The start of the part, in bytes from the start of the file. Default 0. */
  since?: number | undefined
}

/** The part of the log to search, and a timeout. */
export interface LogWait extends LogSlice {
  /** The longest wait, in milliseconds. Default 4000, less than the 5 s that runners give a test by default. */
  timeout?: number | undefined
}

/** The process that writes a log. */
export interface LogWriter {
  /** Resolves when the writer has ended. */
  readonly ended: Promise<unknown>
  /** Makes the error that reports the writer's end. */
  readonly error: () => Error
  /** Called after the end. Resolves to the writer that comes next, or to undefined if none comes. */
  readonly next: () => Promise<LogWriter | undefined>
}

/** The log of an instance: a file that the server writes. No program has to read it for the server to go on. */
export class LogFile {
  /** The path of the file. */
  readonly path: string

  /** @internal */
  constructor(path: string) {
    this.path = path
  }

  /**
   * The current size of the log, in bytes. `lines({ since: offset })` later returns the lines that were logged after this
   * moment.
   */
  get offset(): number {
    return sizeOfLog(this.path)
  }

  /**
   * The text from `since` to the end. A text of more than 16 MiB is cut at its beginning. A first line then says how
   * much is missing.
   */
  async text(slice: LogSlice = {}): Promise<string> {
    const { since = 0 } = slice
    const start = Math.max(since, this.offset - mostHeld)
    const chunks: Buffer[] = []
    for await (const { bytes } of readChunks(this.path, start)) chunks.push(Buffer.from(bytes))
    const text = readableText(Buffer.concat(chunks))
    return start > since ? `${leftOut(start - since)}\n${text}` : text
  }

  /**
   * The lines from `since` to the end. Each line is cut at 1 MiB. If the lines exceed 16 MiB, the result is the last
   * lines, after a line that says how much is missing.
   */
  async lines(slice: LogSlice = {}): Promise<string[]> {
    const { since = 0 } = slice
    const start = Math.max(since, this.offset - mostHeld)
    const lines = start > since ? [leftOut(start - since)] : []
    await this.#forEachLine(start, line => lines.push(line))
    return lines
  }

  /**
   * The lines from `since` on that contain a text or match an expression. The search reads the whole log, and 1 MiB of
   * each line. If the matching lines exceed 16 MiB, the result is the last lines, after a line that says how many are
   * missing.
   */
  async grep(pattern: string | RegExp, slice: LogSlice = {}): Promise<string[]> {
    const { since = 0 } = slice
    const matches = matcher(pattern)
    const found = new LastLines(mostHeld)
    await this.#forEachLine(since, line => {
      if (matches(line)) found.add(line)
    })
    return found.all()
  }

  /**
   * Waits for a line that contains a text or matches an expression, and returns the line. A line that is already in the
   * log counts.
   *
   * @param writer the process that writes the log: after the end of the last one no line can come, and the wait fails with
   * the writer's error
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
      const watch = async ({ ended, error, next }: LogWriter): Promise<void> => {
        await ended
        // The file may be removed from now on. A line found here resolves the wait before the error can reject it.
        follower.catchUp()
        const failure = error()
        const successor = await next()
        if (successor) return await watch(successor)
        follower.drain()
        finish(() => reject(failure))
      }
      if (writer) void watch(writer)
    })
  }

  async #forEachLine(since: number, onLine: (line: string) => void): Promise<void> {
    const splitter = new LineSplitter(onLine)
    for await (const { bytes } of readChunks(this.path, since)) splitter.take(bytes)
    splitter.end()
  }

  #timedOut(pattern: string | RegExp, since: number, timeout: number): LogTimeoutError {
    const logTail = tailOf(this.path, since, shownLines)
    const silent = logTail.length === 0 ? ': nothing was logged' : ''
    return new LogTimeoutError(`no line of the log matched ${pattern} within ${timeout} ms${silent}`, {
      logTail,
      logFile: this.path,
    })
  }
}

const leftOut = (bytes: number): string => `… (${bytes} bytes of the log precede this)`

/** Keeps the last lines, within a limit of bytes. */
class LastLines {
  readonly #most: number
  #lines: string[] = []
  #characters = 0
  #leftOut = 0

  constructor(most: number) {
    this.#most = most
  }

  add(line: string): void {
    // Copies the line, because V8 would keep the whole text that the line was cut from.
    this.#lines.push(Buffer.from(line).toString())
    this.#characters += line.length
    if (this.#characters > 2 * this.#most) this.#shrink()
  }

  all(): string[] {
    if (this.#characters > this.#most) this.#shrink()
    return this.#leftOut === 0 ? this.#lines : [`… (${this.#leftOut} matching lines precede this)`, ...this.#lines]
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
  // With a `g` or `y` flag, each test would begin where the last test ended.
  const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
  return line => stateless.test(line)
}
