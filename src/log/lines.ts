import { readableText } from '../readable-text.ts'

/** The longest part of a line that is read, in bytes. The rest is dropped. Tarantool cuts its own lines at 16 KiB. */
export const longestLine: number = 2 ** 20

/** The longest part of a line that an error shows, in characters. */
const longestShown = 2000

/** Shortens a line for an error: a long line keeps its beginning and its end. */
export function shortenLine(line: string, longest: number = longestShown): string {
  if (line.length <= longest) return line
  const half = Math.floor(longest / 2)
  return `${line.slice(0, half)} … (${line.length - 2 * half} characters) … ${line.slice(-half)}`
}

// Drops a character that the cut would split.
function cutUtf8(bytes: Buffer, length: number): Buffer {
  let end = length
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

/** Splits the chunks of a log into lines. It holds only the line that has no end yet, up to a limit. */
export class LineSplitter {
  readonly #onLine: (line: string) => void
  #held: Buffer[] = []
  #size = 0
  #leftOut = 0

  /** @param onLine called with each line that is not empty */
  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  /** Takes the next chunk. The caller can reuse the chunk's memory afterwards. */
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

  /** Ends the input, and reports the last line even without a line break. */
  end(): void {
    const line = readableText(Buffer.concat(this.#held))
    const rest = this.#leftOut === 0 ? '' : ` … (${this.#leftOut} more bytes)`
    this.clear()
    this.#give(line + rest)
  }

  /** Forgets the line that has no end yet. */
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
    // A line can begin with the zero bytes of a hole.
    const written = line.startsWith('\0') ? line.replace(/^\0+/, '') : line
    if (written !== '') this.#onLine(written)
  }
}
