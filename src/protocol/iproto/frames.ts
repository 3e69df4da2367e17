import { ProtocolError } from '../../errors.ts'
import { ReceiveBuffer } from '../receive-buffer.ts'
import { maxReplySize, replyTooBig } from '../reply-limit.ts'
import { encode } from '../values/codec.ts'
import { iprotoKey } from './constants.ts'

const sizeLength = 5
const uint32Head = 0xce

/** The maximum size of a request (`IPROTO_PACKET_SIZE_MAX` in src/box/iproto.cc). */
const maxRequestSize = 2 ** 31

/** Splits received bytes into replies. TCP may have split them anywhere. */
export class FrameReader {
  readonly #instance: string
  readonly #limit: number
  readonly #received: ReceiveBuffer = new ReceiveBuffer()

  constructor(instance: string, limit: number = maxReplySize) {
    this.#instance = instance
    this.#limit = limit
  }

  /** True if a reply has begun to arrive. */
  get isWithinReply(): boolean {
    return this.#received.length > 0
  }

  /**
   * The replies that this chunk completes, without their sizes. Each is cut out when the caller asks for it.
   *
   * @throws ProtocolError if a size is invalid or too large. Nothing after it can be read
   */
  *push(chunk: Buffer): Generator<Buffer, void, unknown> {
    const received = this.#received
    received.push(chunk)
    while (received.length >= sizeLength) {
      const total = sizeLength + this.#readSize(received.peek())
      if (received.length < total) return
      yield received.take(total).subarray(sizeLength)
    }
  }

  // Tarantool always writes the size of a reply as a uint32 (`iproto_header_encode` in src/box/xrow.c).
  #readSize(bytes: Buffer): number {
    const instance = this.#instance
    if (bytes[0] !== uint32Head) {
      const begin = bytes.toString('hex', 0, sizeLength)
      throw new ProtocolError(`${instance} sent a reply that has no size: it begins with ${begin}`, { instance })
    }
    const size = bytes.readUInt32BE(1)
    if (size > this.#limit) throw replyTooBig(instance, this.#limit)
    return size
  }
}

/**
 * Encodes a request as sent over the socket: its size, its header and its body.
 *
 * @throws ProtocolError if the body contains a value that cannot be sent, or is larger than a server accepts
 */
export function encodeFrame(requestType: number, sync: number, body: ReadonlyMap<number, unknown>): Buffer {
  const header = new Map([
    [iprotoKey.requestType, requestType],
    [iprotoKey.sync, sync],
  ])
  const request = encode(header, body)
  if (request.length >= maxRequestSize) {
    throw new ProtocolError(
      `A value cannot be sent: a server accepts requests of 2 GB at most, and this request has ${request.length} bytes`,
    )
  }
  const size = Buffer.allocUnsafe(sizeLength)
  size.writeUInt8(uint32Head, 0)
  size.writeUInt32BE(request.length, 1)
  return Buffer.concat([size, request])
}
