/**
 * Collects the bytes received from a socket until they form a complete message.
 *
 * The memory grows by doubling. So each byte is copied only a few times, even if the bytes arrive in many small pieces.
 * Bytes that were taken are never overwritten.
 */
export class ReceiveBuffer {
  #bytes: Buffer = Buffer.alloc(0)
  #begin = 0
  #end = 0
  /** The number of bytes already searched for the delimiter without success. */
  #searched = 0

  /** The number of bytes that were received and not yet taken. */
  get length(): number {
    return this.#end - this.#begin
  }

  push(chunk: Buffer): void {
    if (this.length === 0) {
      this.#bytes = chunk
      this.#begin = 0
      this.#end = chunk.length
      return
    }
    const needed = this.length + chunk.length
    if (this.#end + chunk.length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.length * 2))
      grown.set(this.peek())
      this.#bytes = grown
      this.#begin = 0
    }
    this.#end = this.#begin + needed
    this.#bytes.set(chunk, this.#end - chunk.length)
  }

  /** The bytes that were not yet taken. They remain in the buffer. */
  peek(): Buffer {
    return this.#bytes.subarray(this.#begin, this.#end)
  }

  /** Takes the first bytes. The buffer must hold that many. */
  take(size: number): Buffer {
    const begin = this.#begin
    this.#begin += size
    this.#searched = 0
    return this.#bytes.subarray(begin, this.#begin)
  }

  /**
   * Takes the bytes up to the end of a delimiter; undefined if the delimiter has not arrived. Searches each byte once.
   */
  takeThrough(delimiter: string): Buffer | undefined {
    const at = this.peek().indexOf(delimiter, this.#searched, 'latin1')
    if (at >= 0) return this.take(at + delimiter.length)
    this.#searched = Math.max(0, this.length - delimiter.length + 1)
    return undefined
  }
}
