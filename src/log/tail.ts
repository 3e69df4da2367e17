import { LineSplitter, shortenLine } from './lines.ts'
import { readEndNow } from './read.ts'

/** How much of the end of a log is looked at for its last lines. */
const tailBytes = 64 * 1024

/** The last lines of a log. */
export interface LogTail {
  /** Oldest first; long ones are cut. */
  readonly lines: readonly string[]
  /** How many lines stand before them; undefined where there are more than anybody has counted. */
  readonly earlier: number | undefined
}

/**
 * The last lines of a log; none where there is no log to read. Synchronous: it is read while an error is made.
 *
 * @param since where to begin, in bytes
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

/** The lines of it alone. */
export const tailOf = (path: string, since?: number, count?: number): string[] => [
  ...readTail(path, since, count).lines,
]
