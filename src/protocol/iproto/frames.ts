import { ProtocolError } from '../../errors.ts'
import { ReceiveBuffer } from '../receive-buffer.ts'
import { maxReplySize, replyTooBig } from '../reply-limit.ts'
import { encode } from '../values/codec.ts'
import { KEY } from './constants.ts'

const SIZE_LENGTH = 5
const UINT32 = 0xce

/** A server takes no larger request (`IPROTO_PACKET_SIZE_MAX` in src/box/iproto.cc). */
const maxRequestSize = 2 ** 31

/** Cuts what a server sends into replies, however TCP has cut it. */
export class FrameReader {
  readonly #instance: string
  readonly #limit: number
  readonly #received: ReceiveBuffer = new ReceiveBuffer()

  constructor(instance: string, limit: number = maxReplySize) {
    this.#instance = instance
    this.#limit = limit
  }

  /** Whether a reply has begun to come. */
  get isWithinReply(): boolean {
    return this.#received.length > 0
  }

  /**
   * The replies that this chunk completes, without their sizes, each when it is asked for.
   *
   * @throws ProtocolError when a size is none or too large; what follows cannot be read either.
   */
  *push(chunk: Buffer): Generator<Buffer, void, unknown> {
    const received = this.#received
    received.push(chunk)
    while (received.length >= SIZE_LENGTH) {
      const total = SIZE_LENGTH + this.#readSize(received.peek())
      if (received.length < total) return
      yield received.take(total).subarray(SIZE_LENGTH)
    }
  }

  // Tarantool always writes the size of a reply as a uint32 (`iproto_header_encode` in src/box/xrow.c).
  #readSize(bytes: Buffer): number {
    const instance = this.#instance
    if (bytes[0] !== UINT32) {
      const begin = bytes.toString('hex', 0, SIZE_LENGTH)
      throw new ProtocolError(`${instance} sent a reply that has no size: it begins with ${begin}`, { instance })
    }
    const size = bytes.readUInt32BE(1)
    if (size > this.#limit) throw replyTooBig(instance, this.#limit)
    return size
  }
}

/**
 * A request as it goes over the wire: its size, its header, its body.
 *
 * @throws ProtocolError when the body has a value that cannot be sent, or is larger than a server takes
 */
export function encodeFrame(requestType: number, sync: number, body: ReadonlyMap<number, unknown>): Buffer {
  const header = new Map([
    [KEY.requestType, requestType],
    [KEY.sync, sync],
  ])
  const request = encode(header, body)
  if (request.length >= maxRequestSize) {
    throw new ProtocolError(
      `A value cannot be sent: a server takes requests of 2 GB at most, and this has ${request.length} bytes`,
    )
  }
  const size = Buffer.allocUnsafe(SIZE_LENGTH)
  size.writeUInt8(UINT32, 0)
  size.writeUInt32BE(request.length, 1)
  return Buffer.concat([size, request])
}
