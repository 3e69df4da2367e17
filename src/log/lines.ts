import { readableText } from '../readable-text.ts'

/** How much of a line is looked at, in bytes: what is behind that is left out. Tarantool cuts its own lines at 16 KiB. */
export const longestLine: number = 2 ** 20

/** How much of a line an error shows, in characters. */
const longestShown = 2000

/** A line as an error shows it: of a long one, its begin and its end. */
export function shortenLine(line: string, longest: number = longestShown): string {
  if (line.length <= longest) return line
  const half = Math.floor(longest / 2)
  return `${line.slice(0, half)} … (${line.length - 2 * half} characters) … ${line.slice(-half)}`
}

// Of a character that the cut would go through, nothing is kept.
function cutUtf8(bytes: Buffer, length: number): Buffer {
  let end = length
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

/** Makes lines of the chunks of a log, and holds no more of them than the line that has no end yet, up to a bound. */
export class LineSplitter {
  readonly #onLine: (line: string) => void
  #held: Buffer[] = []
  #size = 0
  #leftOut = 0

  /** @param onLine gets each line that is not empty */
  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  /** Takes what comes next; the chunk may be written over afterwards. */
  take(chunk: Buffer): void {
    const first = chunk.indexOf(10)
    const last = chunk.lastIndexOf(10)
    if (first >= 0) {
      this.#hold(chunk.subarray(0, first))
      this.end()
      for (const line of readableText(chunk.subarray(first + 1, last)).split('\n')) this.#give(line)
    }
    this.#hold(chunk.subarray(last + 1))
  }

  /** There is no more: the line that has no end is one. */
  end(): void {
    const line = readableText(Buffer.concat(this.#held))
    const rest = this.#leftOut === 0 ? '' : ` … (${this.#leftOut} more bytes)`
    this.clear()
    this.#give(line + rest)
  }

  /** Forgets the line that has no end. */
  clear(): void {
    this.#held = []
    this.#size = 0
    this.#leftOut = 0
  }

  #hold(chunk: Buffer): void {
    if (chunk.length === 0) return
    const part = this.#leftOut > 0 ? chunk.subarray(0, 0) : cutUtf8(chunk, longestLine - this.#size)
    if (part.length > 0) this.#held.push(Buffer.from(part))
    this.#size += part.length
    this.#leftOut += chunk.length - part.length
  }

  #give(text: string): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    // The begin of a line may be the end of a hole.
    const written = line.startsWith('\0') ? line.replace(/^\0+/, '') : line
    if (written !== '') this.#onLine(written)
  }
}
