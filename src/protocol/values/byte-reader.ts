import { isUtf8 } from 'node:buffer'
import { ProtocolError } from '../../errors.ts'

const shortText = 24

const largestSafe = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * A safe integer as a number, any other integer as a bigint. The package returns all integers of a server in this form.
 */
export function toInteger(value: bigint): number | bigint {
  return value <= largestSafe && value >= -largestSafe ? Number(value) : value
}

/** Reads the bytes of MessagePack from beginning to end, and never past the end. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#end = bytes.byteLength
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The number of bytes left. */
  get left(): number {
    return this.#end - this.#at
  }

  byte(): number {
    return this.#bytes[this.#skip(1)] as number
  }

  /** Takes the next bytes. They share memory with the whole input: copy bytes that must outlive it. */
  take(size: number): Buffer {
    const at = this.#skip(size)
    return this.#bytes.subarray(at, at + size)
  }

  /** Takes the next bytes as text. Undefined, and nothing is taken, if they are not UTF-8. */
  text(size: number): string | undefined {
    const at = this.#skip(size)
    const text = (size <= shortText && this.#ascii(at, size)) || this.#bytes.toString('utf8', at, at + size)
    // U+FFFD marks bytes that could not be decoded, but the text may also contain a real U+FFFD.
    if (!text.includes('\ufffd') || isUtf8(this.#bytes.subarray(at, at + size))) return text
    this.#at = at
    return undefined
  }

  unsigned(size: 1 | 2 | 4): number {
    const at = this.#skip(size)
    if (size === 1) return this.#bytes[at] as number
    return size === 2 ? this.#bytes.readUInt16BE(at) : this.#bytes.readUInt32BE(at)
  }

  signed(size: 1 | 2 | 4): number {
    return this.#bytes.readIntBE(this.#skip(size), size)
  }

  float(): number {
    return this.#bytes.readFloatBE(this.#skip(4))
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#skip(8))
  }

  unsigned64(): number | bigint {
    return toInteger(this.#bytes.readBigUInt64BE(this.#skip(8)))
  }

  signed64(): number | bigint {
    return toInteger(this.#bytes.readBigInt64BE(this.#skip(8)))
  }

  /** Reads one integer of MessagePack, including its head. */
  integer(): number | bigint {
    const head = this.byte()
    const value = this.integerOf(head)
    if (value === undefined) throw new ProtocolError(`not an integer in MessagePack: 0x${head.toString(16)}`)
    return value
  }

  /** Reads the integer after this head. Undefined if the head belongs to another type. */
  integerOf(head: number): number | bigint | undefined {
    if (head < 0x80) return head
    if (head >= 0xe0) return head - 0x100
    switch (head) {
      case 0xcc:
        return this.unsigned(1)
      case 0xcd:
        return this.unsigned(2)
      case 0xce:
        return this.unsigned(4)
      case 0xcf:
        return this.unsigned64()
      case 0xd0:
        return this.signed(1)
      case 0xd1:
        return this.signed(2)
      case 0xd2:
        return this.signed(4)
      case 0xd3:
        return this.signed64()
      default:
        return undefined
    }
  }

  // For short texts, calling Node's decoder would cost more than the decoding itself.
  #ascii(begin: number, size: number): string | undefined {
    let text = ''
    for (let at = begin; at < begin + size; at += 1) {
      const byte = this.#bytes[at] as number
      if (byte >= 0x80) return undefined
      text += String.fromCharCode(byte)
    }
    return text
  }

  #skip(size: number): number {
    const at = this.#at
    if (at + size > this.#end) throw new ProtocolError(`it ends ${size - this.left} bytes too early`)
    this.#at = at + size
    return at
  }
}
