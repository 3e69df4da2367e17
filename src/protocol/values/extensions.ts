import { isUtf8 } from 'node:buffer'
import { types } from 'node:util'
import { ProtocolError } from '../../errors.ts'
import { Datetime } from './datetime.ts'
import { Decimal } from './decimal.ts'
import type { ReadExtension } from './decoder.ts'
import { fromFrames, toFrames } from './error-stack.ts'
import { ErrorValue } from './error-value.ts'
import { Interval } from './interval.ts'
import { UnknownExtension } from './unknown-extension.ts'
import { Uuid } from './uuid.ts'

/**
 * The number and the bytes of the extension that represents a value; undefined if no extension does.
 *
 * @param encode encodes a value that is part of this value
 */
export function toExtension(value: object, encode: (value: unknown) => Uint8Array): UnknownExtension | undefined {
  if (value instanceof Decimal) return new UnknownExtension(1, value.toBytes())
  if (value instanceof Uuid) return new UnknownExtension(2, value.toBytes())
  if (value instanceof ErrorValue) return new UnknownExtension(3, sent.get(value) ?? encode(fromFrames(value.frames)))
  if (value instanceof Datetime) return new UnknownExtension(4, value.toBytes())
  if (types.isDate(value)) return new UnknownExtension(4, Datetime.fromDate(value).toBytes())
  if (value instanceof Interval) return new UnknownExtension(6, value.toBytes())
  if (value instanceof UnknownExtension) return value
  return undefined
}

/** Decodes an extension. @throws ProtocolError if the bytes do not match the extension's type */
export const fromExtension: ReadExtension = (type, bytes, decode) => {
  try {
    switch (type) {
      case 1:
        return Decimal.fromBytes(bytes)
      case 2:
        return Uuid.fromBytes(bytes)
      case 3:
        return toErrorValue(bytes, decode)
      case 4:
        return Datetime.fromBytes(bytes)
      case 6:
        return Interval.fromBytes(bytes)
      default:
        return new UnknownExtension(type, new Uint8Array(bytes))
    }
  } catch (cause) {
    throw new ProtocolError(`a value of the extension ${type} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

// The original bytes of errors with texts that are not UTF-8. The decoded texts differ from the original, so encoding
// needs these bytes.
const sent = new WeakMap<ErrorValue, Uint8Array>()

function toErrorValue(bytes: Buffer, decode: (bytes: Uint8Array) => unknown): ErrorValue {
  const error = new ErrorValue(toFrames(decode(bytes)))
  if (!isUtf8(bytes)) sent.set(error, new Uint8Array(bytes))
  return error
}
