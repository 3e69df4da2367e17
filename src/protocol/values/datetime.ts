import { recogniseCopies } from '../../copies.ts'
import { InvalidOptionError } from '../../errors.ts'
import { toInteger } from './byte-reader.ts'

/** The fields of a {@link Datetime}. All fields except `seconds` default to 0. */
export interface DatetimeFields {
  /** Seconds since 1970-01-01T00:00:00Z, rounded down. */
  seconds: number | bigint
  /** 0 to 999,999,999, to be added to `seconds`. */
  nanoseconds?: number
  /** Minutes east of UTC. */
  tzoffset?: number
  /** Tarantool's number of a time zone, such as 947 for Europe/Moscow. 0 means no time zone. */
  tzindex?: number
}

/**
 * A `datetime` of Tarantool (2.10 and later): an instant in nanoseconds, and the time zone for its display.
 *
 * Calls also accept a JavaScript Date instead.
 *
 * @example
 * const [now] = await tarantool.eval<[Datetime]>('return require("datetime").now()')
 * now.toDate().getFullYear()
 */
export class Datetime {
  static {
    recogniseCopies(Datetime)
  }

  /** Seconds since 1970-01-01T00:00:00Z, rounded down. A bigint if the number is not a safe integer. */
  readonly seconds: number | bigint
  /** 0 to 999,999,999, to be added to `seconds`. */
  readonly nanoseconds: number
  /** Minutes east of UTC. */
  readonly tzoffset: number
  /** Tarantool's number of the time zone. 0 means no time zone. */
  readonly tzindex: number

  /** @throws InvalidOptionError if a field is not an integer of its size */
  constructor(fields: DatetimeFields) {
    const { seconds, nanoseconds = 0, tzoffset = 0, tzindex = 0 } = fields
    const whole = typeof seconds === 'bigint' || Number.isSafeInteger(seconds)
    if (!whole || BigInt.asIntN(64, BigInt(seconds)) !== BigInt(seconds)) refuse('seconds', seconds)
    if (!isInteger(nanoseconds, 32)) refuse('nanoseconds', nanoseconds)
    if (!isInteger(tzoffset, 16)) refuse('tzoffset', tzoffset)
    if (!isInteger(tzindex, 16)) refuse('tzindex', tzindex)
    this.seconds = toInteger(BigInt(seconds))
    this.nanoseconds = nanoseconds
    this.tzoffset = tzoffset
    this.tzindex = tzindex
    Object.freeze(this)
  }

  /** The instant of a Date, in UTC. @throws InvalidOptionError for an invalid Date. */
  static fromDate(date: Date): Datetime {
    const milliseconds = date.getTime()
    const seconds = Math.floor(milliseconds / 1000)
    return new Datetime({ seconds, nanoseconds: (milliseconds - seconds * 1000) * 1e6 })
  }

  /** The same instant, cut to milliseconds. The Date is invalid if the year is out of a Date's range. */
  toDate(): Date {
    return new Date(Number(this.seconds) * 1000 + Math.floor(this.nanoseconds / 1e6))
  }

  /**
   * Little-endian: seconds (8 bytes), then, unless all are 0, nanoseconds (4), tzoffset (2) and tzindex (2).
   *
   * @see https://www.tarantool.io/en/doc/latest/reference/internals/msgpack_extensions/#the-datetime-type
   * @internal
   */
  toBytes(): Uint8Array {
    const bytes = Buffer.alloc(16)
    bytes.writeBigInt64LE(BigInt(this.seconds), 0)
    bytes.writeInt32LE(this.nanoseconds, 8)
    bytes.writeInt16LE(this.tzoffset, 12)
    bytes.writeInt16LE(this.tzindex, 14)
    return this.nanoseconds || this.tzoffset || this.tzindex ? bytes : bytes.subarray(0, 8)
  }

  /** Reads the bytes of `toBytes`. @internal */
  static fromBytes(data: Uint8Array): Datetime {
    const bytes = Buffer.from(data)
    const seconds = bytes.readBigInt64LE(0)
    if (bytes.length === 8) return new Datetime({ seconds })
    return new Datetime({
      seconds,
      nanoseconds: bytes.readInt32LE(8),
      tzoffset: bytes.readInt16LE(12),
      tzindex: bytes.readInt16LE(14),
    })
  }
}

function isInteger(value: number, bits: 16 | 32): boolean {
  return Number.isInteger(value) && BigInt.asIntN(bits, BigInt(value)) === BigInt(value)
}

function refuse(field: string, value: unknown): never {
  throw new InvalidOptionError(`Not a datetime: ${field} is ${String(value)}`)
}
