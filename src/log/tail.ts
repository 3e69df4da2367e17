import { LineSplitter, shortenLine } from './lines.ts'
import { readEndNow } from './read.ts'

/** The number of bytes at the end of a log that are searched for its last lines. */
const tailBytes = 64 * 1024

/** The number of lines of a log that an error shows. */
export const shownLines = 20

/** The last lines of a log. */
export interface LogTail {
  /** The lines, oldest first; long lines are shortened. */
  readonly lines: readonly string[]
  /** The number of lines before them; undefined if there are too many to count. */
  readonly earlier: number | undefined
}

/**
 * Reads the last lines of a log. The result is empty if the log cannot be read. It is synchronous because it runs while
 * an error is made.
 *
 * @param since offset to begin at, in bytes
 */
export function readTail(path: string, since = 0, count = 50): LogTail {
  const { bytes, leftOut } = readEndNow(path, since, tailBytes)
  const lines: string[] = []
  const splitter = new LineSplitter(line => lines.push(line))
  splitter.take(bytes)
  splitter.end()
  if (leftOut > 0 && lines[0] !== undefined) lines[0] = `… ${lines[0]}`
  const shown = lines.slice(-count).map(line => shortenLine(line))
  return { lines: shown, earlier: leftOut > 0 ? undefined : lines.length - shown.length }
}

/** The last lines of a log, without their count. */
export const tailOf = (path: string, since?: number, count?: number): string[] => [
  ...readTail(path, since, count).lines,
]
