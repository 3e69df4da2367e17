import { existsSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { LogTimeoutError } from '../errors.ts'
import { clearTimeout, setTimeout } from '../protocol/node-builtins.ts'
import { LogFollower, readSince } from './log-follower.ts'

/** What the log is called in the directory of its instance. */
export const logFileName = 'tarantool.log'

/** How much of the end of a log is looked at for its last lines. */
const tailBytes = 64 * 1024

const toLines = (text: string): string[] => text.split(/\r?\n/).filter(line => line !== '')

/**
 * The last lines of a log, oldest first; none where there is no log to read. Synchronous: it is read while an error is
 * made.
 *
 * @param since where to begin, in bytes
 */
export function tailOf(path: string, since = 0, count = 50): string[] {
  return toLines(readSince(path, since, tailBytes).toString('utf8')).slice(-count)
}

/** A place in a log: an offset in bytes, as `logOffset` gives. */
export interface LogSlice {
  /** Where to begin, in bytes from the start of the file. Default 0. */
  since?: number | undefined
}

/** Where to look for a line, and how long to wait for it. */
export interface LogWait extends LogSlice {
  /** How long to wait, in milliseconds. Default 5000. */
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

  /** The text from `since` to the end. */
  async text({ since = 0 }: LogSlice = {}): Promise<string> {
    if (!existsSync(this.path)) return ''
    const file = await open(this.path, 'r')
    try {
      const { size } = await file.stat()
      const buffer = Buffer.alloc(Math.max(0, size - since))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, since)
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  }

  /** The lines from `since` to the end. */
  async lines(slice?: LogSlice): Promise<string[]> {
    return toLines(await this.text(slice))
  }

  /** Those lines that hold a text or match an expression. */
  async grep(pattern: string | RegExp, slice?: LogSlice): Promise<string[]> {
    const matches = matcher(pattern)
    return (await this.lines(slice)).filter(matches)
  }

  /**
   * Waits for a line that holds a text or matches an expression, and returns it; one that is there already will do.
   *
   * @param writer the end of who writes the log, after which no line comes, and the error for it
   * @throws LogTimeoutError, or the writer's error
   */
  async waitFor(pattern: string | RegExp, options: LogWait = {}, writer?: LogWriter): Promise<string> {
    const { since = 0, timeout = 5000 } = options
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
      const timer = setTimeout(() => finish(() => reject(this.#timedOut(pattern, timeout))), timeout)
      follower.start()
      void writer?.ended.then(() => {
        // A line that is found here has settled it before the error can.
        follower.drain()
        finish(() => reject(writer.error()))
      })
    })
  }

  #timedOut(pattern: string | RegExp, timeout: number): LogTimeoutError {
    return new LogTimeoutError(`no line of the log matched ${pattern} within ${timeout} ms`, {
      logTail: tailOf(this.path),
      logFile: this.path,
    })
  }
}

function matcher(pattern: string | RegExp): (line: string) => boolean {
  if (typeof pattern === 'string') return line => line.includes(pattern)
  // A `g` or `y` flag would make each test begin where the last one ended.
  const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
  return line => stateless.test(line)
}
