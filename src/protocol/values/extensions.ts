import { types } from 'node:util'
import { ProtocolError } from '../../errors.ts'
import { Datetime } from './datetime.ts'
import { Decimal } from './decimal.ts'
import { fromFrames, toFrames } from './error-stack.ts'
import { ErrorValue } from './error-value.ts'
import { Interval } from './interval.ts'
import { UnknownExtension } from './unknown-extension.ts'
import { Uuid } from './uuid.ts'

/** Encodes or decodes a whole MessagePack value; an error is one inside an extension. */
export interface NestedCodec {
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}

/** The number and the bytes of the extension that a value is; undefined when it is none. */
export function toExtension(value: object, nested: NestedCodec): UnknownExtension | undefined {
  if (value instanceof Decimal) return new UnknownExtension(1, value.toBytes())
  if (value instanceof Uuid) return new UnknownExtension(2, value.toBytes())
  if (value instanceof ErrorValue) return new UnknownExtension(3, nested.encode(fromFrames(value.frames)))
  if (value instanceof Datetime) return new UnknownExtension(4, value.toBytes())
  if (types.isDate(value)) return new UnknownExtension(4, Datetime.fromDate(value).toBytes())
  if (value instanceof Interval) return new UnknownExtension(6, value.toBytes())
  if (value instanceof UnknownExtension) return value
  return undefined
}

/**
 * The value of an extension.
 *
 * @throws ProtocolError when the bytes are not what its type says.
 */
export function fromExtension(type: number, bytes: Uint8Array, nested: NestedCodec): unknown {
  try {
    switch (type) {
      case 1:
        return Decimal.fromBytes(bytes)
      case 2:
        return Uuid.fromBytes(bytes)
      case 3:
        return new ErrorValue(toFrames(nested.decode(bytes)))
      case 4:
        return Datetime.fromBytes(bytes)
      case 6:
        return Interval.fromBytes(bytes)
      default:
        return new UnknownExtension(type, bytes)
    }
  } catch (cause) {
    throw new ProtocolError(`A value of the MessagePack extension ${type} cannot be read`, { cause })
  }
}
