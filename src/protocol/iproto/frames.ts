import { ProtocolError } from '../../errors.ts'

const SIZE_LENGTH = 5
const UINT32 = 0xce

/**
 * Cuts what a server sends into replies, however TCP has cut it.
 *
 * Chunks are kept as they are until a reply is whole, and joined once: a big reply costs no more than its size.
 */
export class FrameReader {
  #chunks: Buffer[] = []
  #size = 0
  // How many bytes the next step needs: a size, or a size and its reply.
  #needed: number = SIZE_LENGTH

  /**
   * The replies that this chunk completes, without their sizes.
   *
   * @throws ProtocolError when a size is none; what follows cannot be read either.
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    const frames: Buffer[] = []
    while (this.#size >= this.#needed) {
      const joined = this.#join()
      const total = SIZE_LENGTH + readSize(joined)
      this.#needed = total
      if (joined.length < total) break
      frames.push(joined.subarray(SIZE_LENGTH, total))
      this.#chunks = [joined.subarray(total)]
      this.#size = joined.length - total
      this.#needed = SIZE_LENGTH
    }
    return frames
  }

  #join(): Buffer {
    const [first] = this.#chunks
    const joined = first && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return joined
  }
}

// Tarantool always writes the size of a reply as a uint32 (`iproto_header_encode` in src/box/xrow.c).
function readSize(bytes: Buffer): number {
  if (bytes[0] === UINT32) return bytes.readUInt32BE(1)
  throw new ProtocolError(`A reply has no size: it begins with ${bytes.toString('hex', 0, SIZE_LENGTH)}`)
}

/** A request as it goes over the wire: its size, its header, its body. */
export function encodeFrame(requestType: number, sync: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(SIZE_LENGTH + 9)
  head.writeUInt8(UINT32, 0)
  head.writeUInt32BE(9 + body.length, 1)
  // {IPROTO_REQUEST_TYPE: requestType, IPROTO_SYNC: sync}
  head.set([0x82, 0x00, requestType, 0x01, UINT32], SIZE_LENGTH)
  head.writeUInt32BE(sync, SIZE_LENGTH + 5)
  return Buffer.concat([head, body])
}
