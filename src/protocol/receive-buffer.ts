/**
 * Bytes that have come over a socket, however it has cut them, until they make up something whole.
 *
 * Memory grows by doubling, so that each byte is copied a few times at most, in as many pieces as it may come. What was taken
 * is never written over.
 */
export class ReceiveBuffer {
  #bytes: Buffer = Buffer.alloc(0)
  #begin = 0
  #end = 0
  /** How many of the bytes are known not to hold the delimiter that was looked for. */
  #searched = 0

  /** How many bytes wait to be taken. */
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

  /** The bytes that wait, which stay there. */
  peek(): Buffer {
    return this.#bytes.subarray(this.#begin, this.#end)
  }

  /** The first bytes, which have to be there. */
  take(size: number): Buffer {
    const begin = this.#begin
    this.#begin += size
    this.#searched = 0
    return this.#bytes.subarray(begin, this.#begin)
  }

  /** The bytes to the end of a delimiter; undefined while there is none. Each byte is looked at once. */
  takeThrough(delimiter: string): Buffer | undefined {
    const at = this.peek().indexOf(delimiter, this.#searched, 'latin1')
    if (at >= 0) return this.take(at + delimiter.length)
    this.#searched = Math.max(0, this.length - delimiter.length + 1)
    return undefined
  }
}
