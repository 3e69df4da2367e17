import { TextDecoder, TextEncoder } from 'node:util'
import type { ExtensionCodecType } from '@msgpack/msgpack'
import { ProtocolError, TarantoolFixtureError } from '../../errors.ts'
import { fromExtension, type NestedCodec, toExtension } from './extensions.ts'
import { openDecoder, openEncoder, settle } from './msgpack-library.ts'

// The library takes both from the global object when it is loaded, and jsdom's has neither.
function loadLibrary(): Promise<typeof import('@msgpack/msgpack')> {
  globalThis.TextEncoder ??= TextEncoder
  globalThis.TextDecoder ??= TextDecoder as typeof globalThis.TextDecoder
  return import('@msgpack/msgpack')
}

/** Deep enough for every real value; what is deeper contains itself. */
const MAX_DEPTH = 500

/**
 * JavaScript values to Tarantool's MessagePack and back.
 *
 * | Tarantool | JavaScript |
 * | --- | --- |
 * | nil | null (undefined is sent as nil; a property that has it is left out) |
 * | integer | number while it is safe, else bigint |
 * | double, boolean | number, boolean |
 * | string | string; {@link ByteString} if it is not UTF-8 |
 * | varbinary | Uint8Array |
 * | array, tuple | array |
 * | map | plain object; Map if a key is neither a string nor a number, or two have one name |
 * | decimal, uuid, datetime, interval, error | Decimal, Uuid, Datetime (a Date is sent as one), Interval, ErrorValue |
 * | any other extension | UnknownExtension |
 */
export interface Codec {
  /** @throws ProtocolError for what has no form: functions, symbols, bigints of more than 64 bits, cycles, Sets. */
  encode(value: unknown): Uint8Array
  /** @throws ProtocolError when the bytes are not one MessagePack value. */
  decode(bytes: Uint8Array): unknown
  /** The values that stand one after another, each decoded when it is asked for. */
  decodeEach(bytes: Uint8Array): Generator<unknown, void, unknown>
}

let codec: Promise<Codec> | undefined

/** The codec; loads @msgpack/msgpack on first use, for test files import this module indirectly and must stay light. */
export function loadCodec(): Promise<Codec> {
  codec ??= loadLibrary().then(createCodec)
  return codec
}

function createCodec(library: typeof import('@msgpack/msgpack')): Codec {
  const Encoder = openEncoder(library)
  const Decoder = openDecoder(library)

  // Encoders cannot be entered twice, and clone themselves without our overrides: an extension gets its own.
  const nested: NestedCodec = {
    encode: value => new Encoder(options).encode(value),
    decode: bytes => settle(new Decoder(options).decode(bytes)),
  }
  const extensionCodec: ExtensionCodecType<undefined> = {
    tryToEncode(value) {
      if (typeof value !== 'object' || value === null) return null
      const extension = toExtension(value, nested)
      if (extension) return new library.ExtData(extension.type, extension.data)
      if (!Array.isArray(value) && !ArrayBuffer.isView(value)) checkTag(value)
      return null
    },
    decode: (data, type) => fromExtension(type, data, nested),
  }
  const options = { useBigInt64: true, extensionCodec, maxDepth: MAX_DEPTH, ignoreUndefined: true }
  const encoder = new Encoder(options)

  return {
    encode(value) {
      try {
        return encoder.encode(value)
      } catch (cause) {
        throw failed('A value cannot be sent', cause)
      }
    },
    decode(bytes) {
      try {
        return nested.decode(plain(bytes))
      } catch (cause) {
        throw failed('A reply cannot be read', cause)
      }
    },
    *decodeEach(bytes) {
      try {
        for (const value of new Decoder(options).decodeMulti(plain(bytes))) yield settle(value)
      } catch (cause) {
        throw failed('A reply cannot be read', cause)
      }
    },
  }
}

// A Set, a RegExp or a Promise would go as an empty map.
function checkTag(value: object): void {
  const tag = Object.prototype.toString.call(value)
  if (tag !== '[object Object]') throw new TypeError(`${tag} has no form in MessagePack`)
}

// Slices of a Buffer share its memory, those of a Uint8Array do not.
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function failed(message: string, cause: unknown): TarantoolFixtureError {
  if (cause instanceof TarantoolFixtureError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ProtocolError(`${message}: ${why}`, { cause })
}
