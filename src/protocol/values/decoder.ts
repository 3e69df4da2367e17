import { ProtocolError } from '../../errors.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteString } from './byte-string.ts'

/** No real value is nested this deeply. */
export const maxDepth = 500

/** Decodes an extension. `decode` decodes a value whose bytes are part of the extension. */
export type ReadExtension = (type: number, bytes: Buffer, decode: (bytes: Uint8Array) => unknown) => unknown

/**
 * Decodes MessagePack, one value after another.
 *
 * The sender may claim any size, so the decoder reserves no memory for claimed sizes. Each value takes at least one
 * byte. Memory and time are therefore limited by the number of received bytes.
 */
export class Decoder {
  readonly #reader: ByteReader
  readonly #readExtension: ReadExtension
  #depth: number

  constructor(bytes: Uint8Array, readExtension: ReadExtension, depth = 0) {
    this.#reader = new ByteReader(bytes)
    this.#readExtension = readExtension
    this.#depth = depth
  }

  /** The number of bytes left. */
  get left(): number {
    return this.#reader.left
  }

  /** Decodes the next value. @throws ProtocolError if the bytes are not a value */
  next(): unknown {
    const reader = this.#reader
    const head = reader.byte()
    const integer = reader.integerOf(head)
    if (integer !== undefined) return integer
    if (head < 0x90) return this.#map(head & 0x0f)
    if (head < 0xa0) return this.#array(head & 0x0f)
    if (head < 0xc0) return this.#string(head & 0x1f)
    if (head >= 0xd4 && head <= 0xd8) return this.#extension(1 << (head - 0xd4))
    switch (head) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return binary(reader.take(reader.unsigned(1)))
      case 0xc5:
        return binary(reader.take(reader.unsigned(2)))
      case 0xc6:
        return binary(reader.take(reader.unsigned(4)))
      case 0xc7:
        return this.#extension(reader.unsigned(1))
      case 0xc8:
        return this.#extension(reader.unsigned(2))
      case 0xc9:
        return this.#extension(reader.unsigned(4))
      case 0xca:
        return reader.float()
      case 0xcb:
        return reader.double()
      case 0xd9:
        return this.#string(reader.unsigned(1))
      case 0xda:
        return this.#string(reader.unsigned(2))
      case 0xdb:
        return this.#string(reader.unsigned(4))
      case 0xdc:
        return this.#array(reader.unsigned(2))
      case 0xdd:
        return this.#array(reader.unsigned(4))
      case 0xde:
        return this.#map(reader.unsigned(2))
      case 0xdf:
        return this.#map(reader.unsigned(4))
      default:
        throw new ProtocolError(`the byte 0x${head.toString(16)} begins no value`)
    }
  }

  #string(size: number): string | ByteString {
    return this.#reader.text(size) ?? ByteString.from(this.#reader.take(size))
  }

  #array(size: number): unknown[] {
    this.#enter(size)
    const items: unknown[] = []
    for (let i = 0; i < size; i += 1) items.push(this.next())
    this.#depth -= 1
    return items
  }

  // Returns a plain object. Switches to a Map at the first key that an object cannot keep: a key of another type, or 1
  // beside '1'.
  #map(size: number): unknown {
    this.#enter(size * 2)
    const object: Record<string, unknown> = {}
    const keys: (string | number)[] = []
    let map: Map<unknown, unknown> | undefined
    for (let i = 0; i < size; i += 1) {
      const key = this.next()
      if (!(map || (isName(key) && !Object.hasOwn(object, key)))) map = new Map(keys.map(each => [each, object[each]]))
      const value = this.next()
      if (map) map.set(key, value)
      else {
        keys.push(key as string | number)
        define(object, String(key), value)
      }
    }
    this.#depth -= 1
    return map ?? object
  }

  #extension(size: number): unknown {
    const type = this.#reader.signed(1)
    this.#enter(0)
    const bytes = this.#reader.take(size)
    const decode = (nested: Uint8Array): unknown => new Decoder(nested, this.#readExtension, this.#depth).only()
    const value = this.#readExtension(type, bytes, decode)
    this.#depth -= 1
    return value
  }

  /** Decodes the next value, which must be the last. */
  only(): unknown {
    const value = this.next()
    if (this.left > 0) throw new ProtocolError(`${this.left} bytes follow the value`)
    return value
  }

  #enter(values: number): void {
    const { left } = this.#reader
    if (values > left) throw new ProtocolError(`it claims to hold ${values} values, and ${left} bytes are left`)
    this.#depth += 1
    if (this.#depth > maxDepth) throw new ProtocolError(`it is nested deeper than ${maxDepth} levels`)
  }
}

const isName = (key: unknown): key is string | number => typeof key === 'string' || typeof key === 'number'

function define(object: Record<string, unknown>, name: string, value: unknown): void {
  // An assignment to `__proto__` would set the object's prototype.
  if (name !== '__proto__') object[name] = value
  else Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: true })
}

// Copies the bytes: a view would keep the whole reply in memory.
function binary(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes)
}
