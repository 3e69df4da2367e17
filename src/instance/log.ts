import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { LogTimeoutError } from '../errors.ts'
import { LogFollower } from './log-follower.ts'

/** How much of the end of a log is looked at for its last lines. */
const tailBytes = 64 * 1024

const toLines = (text: string): string[] => text.split(/\r?\n/).filter(line => line !== '')

/** The last lines of a log, oldest first; none where there is no log. Synchronous: it is read while an error is made. */
export function tailOf(path: string, count = 50): string[] {
  if (!existsSync(path)) return []
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const buffer = Buffer.alloc(Math.min(size, tailBytes))
    const read = readSync(file, buffer, 0, buffer.length, size - buffer.length)
    return toLines(buffer.toString('utf8', 0, read)).slice(-count)
  } finally {
    closeSync(file)
  }
}

/** A place in a log: an offset in bytes, as `logOffset` gives. */
export interface LogSlice {
  /** Where to begin, in bytes from the start of the file. Default 0. */
  since?: number | undefined
}

/** The log of an instance: a file that the server writes and nobody has to read. */
export class LogFile {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** The size of the log now: what is logged from here on is `lines({ since: offset })`. */
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
   * @param options.since where to begin, in bytes. Default 0, the whole log.
   * @param options.timeout in milliseconds. Default 5000.
   * @throws LogTimeoutError
   */
  async waitFor(pattern: string | RegExp, options: LogSlice & { timeout?: number | undefined } = {}): Promise<string> {
    const { since = 0, timeout = 5000 } = options
    const matches = matcher(pattern)
    let found: string | undefined
    await new Promise<void>((resolve, reject) => {
      const follower = new LogFollower(this.path, since, line => {
        if (found !== undefined || !matches(line)) return
        found = line
        follower.stop()
        clearTimeout(timer)
        resolve()
      })
      const timer = setTimeout(() => {
        follower.stop()
        reject(
          new LogTimeoutError(`no line of the log matched ${pattern} within ${timeout} ms`, {
            logTail: tailOf(this.path),
            logFile: this.path,
          }),
        )
      }, timeout)
      follower.start()
    })
    return found ?? ''
  }
}

function matcher(pattern: string | RegExp): (line: string) => boolean {
  if (typeof pattern === 'string') return line => line.includes(pattern)
  // A `g` or `y` flag would make each test begin where the last one ended.
  const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
  return line => stateless.test(line)
}
