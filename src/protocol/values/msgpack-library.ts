import { TextDecoder, types } from 'node:util'
import type { ExtensionCodecType } from '@msgpack/msgpack'
import { ByteString, isUtf8 } from './byte-string.ts'
import { toInteger } from './msgpack-integer.ts'

/*
 * @msgpack/msgpack does most of what Tarantool needs, and some of it wrongly for a database: it reads strings that are
 * not UTF-8 as garbage, drops a byte order mark, refuses maps with other keys than strings and numbers, and with bigint
 * on writes integers from 2^32 on as doubles. It has no option for these, so the two classes below override what it
 * declares private. package.json therefore asks for ~3.1; test/protocol/values/codec.test.ts fails if that changes.
 */

type Library = typeof import('@msgpack/msgpack')

interface Options {
  useBigInt64: boolean
  extensionCodec: ExtensionCodecType<undefined>
  maxDepth?: number
  ignoreUndefined?: boolean
}

/** What the library's Encoder has, private methods included. */
export interface OpenEncoder {
  encode(value: unknown): Uint8Array
  doEncode(value: unknown, depth: number): void
  encodeBigInt64(value: bigint): void
  writeStringHeader(size: number): void
  writeU8(value: number): void
  writeU16(value: number): void
  writeU32(value: number): void
  writeU8a(bytes: Uint8Array): void
}

/** What the library's Decoder has, private methods included. */
export interface OpenDecoder {
  decode(bytes: Uint8Array): unknown
  decodeMulti(bytes: Uint8Array): Generator<unknown, void, unknown>
  pos: number
  stack: { top(): { array: unknown[] } }
  pushArrayState(size: number): void
  pushMapState(size: number): void
  decodeBinary(size: number, headerSize: number): Uint8Array
  decodeUtf8String(size: number, headerSize: number): unknown
  readU64AsBigInt(): unknown
  readI64AsBigInt(): unknown
}

/** An Encoder that also writes integers from 2^32 on as such, Maps, and strings of any bytes. */
export function openEncoder(library: Library): new (options: Options) => OpenEncoder {
  const Encoder = library.Encoder as unknown as new (options: Options) => OpenEncoder
  return class TarantoolEncoder extends Encoder {
    override doEncode(value: unknown, depth: number): void {
      if (typeof value === 'number' && isWide(value)) {
        this.encodeBigInt64(BigInt(value))
      } else if (typeof value === 'bigint') {
        const integer = checkRange(value)
        if (typeof integer === 'number') this.doEncode(integer, depth)
        else this.encodeBigInt64(integer)
      } else if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) {
        throw new RangeError('a string with half a surrogate pair has no UTF-8 form')
      } else if (value instanceof ByteString) {
        this.writeStringHeader(value.length)
        this.writeU8a(value)
      } else if (types.isMap(value)) {
        this.#writeMap(value, depth)
      } else {
        super.doEncode(value, depth)
      }
    }

    #writeMap(map: Map<unknown, unknown>, depth: number): void {
      if (map.size < 16) {
        this.writeU8(0x80 + map.size)
      } else if (map.size < 0x10000) {
        this.writeU8(0xde)
        this.writeU16(map.size)
      } else {
        this.writeU8(0xdf)
        this.writeU32(map.size)
      }
      for (const [key, value] of map) {
        this.doEncode(key, depth + 1)
        this.doEncode(value, depth + 1)
      }
    }
  }
}

// The library writes such an integer as a double, which a field of type `unsigned` refuses.
function isWide(value: number): boolean {
  return Number.isSafeInteger(value) && (value > 0xffffffff || value < -0x80000000)
}

function checkRange(value: bigint): number | bigint {
  if (value < -(2n ** 63n) || value >= 2n ** 64n) throw new RangeError(`${value} has more than 64 bits`)
  return toInteger(value)
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The keys and values of a map, one after another, until {@link settle} has seen it. */
class Entries extends Array<unknown> {}

/** A Decoder that gives safe integers as numbers, strings of any bytes, and maps as {@link settle} wants them. */
export function openDecoder(library: Library): new (options: Options) => OpenDecoder {
  const Decoder = library.Decoder as unknown as new (options: Options) => OpenDecoder
  return class TarantoolDecoder extends Decoder {
    override readU64AsBigInt(): unknown {
      return toInteger(super.readU64AsBigInt() as bigint)
    }

    override readI64AsBigInt(): unknown {
      return toInteger(super.readI64AsBigInt() as bigint)
    }

    override decodeBinary(size: number, headerSize: number): Uint8Array {
      // A copy: a view would keep the whole reply in memory.
      return super.decodeBinary(size, headerSize).slice()
    }

    override decodeUtf8String(size: number, headerSize: number): unknown {
      const bytes = super.decodeBinary(size, headerSize)
      return isUtf8(bytes) ? UTF8.decode(bytes) : ByteString.from(bytes)
    }

    override pushMapState(size: number): void {
      this.pushArrayState(size * 2)
      this.stack.top().array = new Entries(size * 2)
    }
  }
}

/** Makes the maps of a decoded value what users see: plain objects, or Maps where the keys need one. */
export function settle(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  for (let i = 0; i < value.length; i += 1) {
    if (typeof value[i] === 'object') value[i] = settle(value[i])
  }
  return value instanceof Entries ? toObject(value) : value
}

function toObject(flat: readonly unknown[]): unknown {
  const entries: [unknown, unknown][] = []
  for (let i = 0; i < flat.length; i += 2) entries.push([flat[i], flat[i + 1]])
  const names = new Set<string>()
  for (const [key] of entries) if (typeof key === 'string' || typeof key === 'number') names.add(String(key))
  // Fewer names than entries: another kind of key, or 1 beside '1', of which an object would lose one.
  if (names.size < entries.length) return new Map(entries)
  // fromEntries defines its properties, so that even `__proto__` is one like any other.
  return Object.fromEntries(entries as [string, unknown][])
}
