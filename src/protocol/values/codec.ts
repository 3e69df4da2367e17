import { ProtocolError, TarantoolFixtureError } from '../../errors.ts'
import { ByteWriter } from './byte-writer.ts'
import { Decoder, type ReadExtension } from './decoder.ts'
import { Encoder } from './encoder.ts'
import { fromExtension } from './extensions.ts'

/*
 * JavaScript values to Tarantool's MessagePack and back.
 *
 * | Tarantool | JavaScript |
 * | --- | --- |
 * | nil | null (undefined is sent as nil; an undefined property is left out) |
 * | integer | number if it is safe, else bigint |
 * | double, boolean | number, boolean |
 * | string | string; ByteString if it is not UTF-8 |
 * | varbinary | Uint8Array |
 * | array, tuple | array |
 * | map | plain object; Map if a key is neither a string nor a number, or if two keys have the same name |
 * | decimal, uuid, datetime, interval, error | Decimal, Uuid, Datetime (a Date is sent as a datetime), Interval, ErrorValue |
 * | any other extension | UnknownExtension |
 */

/**
 * Encodes values, one after another.
 *
 * @throws ProtocolError for values that MessagePack cannot represent: functions, symbols, bigints above 64 bits,
 *   cycles, Sets.
 */
export function encode(...values: readonly unknown[]): Uint8Array {
  const writer = new ByteWriter()
  try {
    const encoder = new Encoder(writer)
    for (const value of values) encoder.write(value)
  } catch (cause) {
    throw failed('A value cannot be sent', cause)
  }
  return writer.bytes()
}

/**
 * Decodes bytes that hold exactly one value.
 *
 * @param instance the sender, for the error's message
 * @throws ProtocolError if the bytes are not one MessagePack value
 */
export function decode(
  bytes: Uint8Array,
  { instance, readExtension = fromExtension }: { instance?: string; readExtension?: ReadExtension } = {},
): unknown {
  try {
    return new Decoder(bytes, readExtension).only()
  } catch (cause) {
    throw failed(unreadable(instance), cause, instance)
  }
}

/** Decodes consecutive values, each when the caller asks for it. @throws ProtocolError */
export function* decodeEach(bytes: Uint8Array, instance?: string): Generator<unknown, void, unknown> {
  try {
    const decoder = new Decoder(bytes, fromExtension)
    while (decoder.left > 0) yield decoder.next()
  } catch (cause) {
    throw failed(unreadable(instance), cause, instance)
  }
}

const unreadable = (instance: string | undefined): string =>
  `A reply${instance ? ` of ${instance}` : ''} cannot be read`

function failed(message: string, cause: unknown, instance?: string): TarantoolFixtureError {
  if (cause instanceof TarantoolFixtureError && !(cause instanceof ProtocolError)) return cause
  const why =
    cause instanceof TarantoolFixtureError ? cause.summary : cause instanceof Error ? cause.message : String(cause)
  return new ProtocolError(`${message}: ${why}`, { cause, instance })
}
