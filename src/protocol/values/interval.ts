import { recogniseCopies } from '../../copies.ts'
import { InvalidOptionError, ProtocolError } from '../../errors.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/**
 * The rule for a day that the month does not have, after months or years were added, as in Tarantool's module datetime.
 * `'none'` takes the last day of the month. `'last'` does the same, and the last day of a month stays a last day.
 * `'excess'` continues into the next month.
 */
export type IntervalAdjust = 'excess' | 'none' | 'last'

const unitNames = ['year', 'month', 'week', 'day', 'hour', 'min', 'sec', 'nsec'] as const
const adjustNames: readonly IntervalAdjust[] = ['excess', 'none', 'last']
const adjustId = 8

/**
 * The fields of an {@link Interval}, under the names of Tarantool's Lua. By default, units are 0 and `adjust` is
 * `none`.
 */
export interface IntervalFields {
  /** Years. */
  year?: number | bigint
  /** Months. */
  month?: number | bigint
  /** Weeks. */
  week?: number | bigint
  /** Days. */
  day?: number | bigint
  /** Hours. */
  hour?: number | bigint
  /** Minutes. */
  min?: number | bigint
  /** Seconds. */
  sec?: number | bigint
  /** Nanoseconds. */
  nsec?: number | bigint
  /** The rule for a day that the month does not have. */
  adjust?: IntervalAdjust
}

/**
 * An `interval` of Tarantool (2.10 and later). It keeps its units apart, because a month has no fixed number of days.
 *
 * @example
 * await tarantool.call('renew', new Interval({ year: 1, adjust: 'last' }))
 */
export class Interval {
  static {
    recogniseCopies(Interval)
  }

  /** Years. */
  readonly year: number | bigint
  /** Months. */
  readonly month: number | bigint
  /** Weeks. */
  readonly week: number | bigint
  /** Days. */
  readonly day: number | bigint
  /** Hours. */
  readonly hour: number | bigint
  /** Minutes. */
  readonly min: number | bigint
  /** Seconds. */
  readonly sec: number | bigint
  /** Nanoseconds. */
  readonly nsec: number | bigint
  /** The rule for a day that the month does not have. */
  readonly adjust: IntervalAdjust

  /** @throws InvalidOptionError if a unit is not an integer of 64 bits */
  constructor(fields: IntervalFields = {}) {
    for (const unit of unitNames) check(unit, fields[unit] ?? 0)
    this.year = fields.year ?? 0
    this.month = fields.month ?? 0
    this.week = fields.week ?? 0
    this.day = fields.day ?? 0
    this.hour = fields.hour ?? 0
    this.min = fields.min ?? 0
    this.sec = fields.sec ?? 0
    this.nsec = fields.nsec ?? 0
    this.adjust = fields.adjust ?? 'none'
    if (!adjustNames.includes(this.adjust)) throw new InvalidOptionError(`Not an interval: adjust is ${this.adjust}`)
    Object.freeze(this)
  }

  /**
   * The number of fields that are not 0, then the id and the value of each.
   *
   * @see https://www.tarantool.io/en/doc/latest/reference/internals/msgpack_extensions/#the-interval-type
   * @internal
   */
  toBytes(): Uint8Array {
    const values = [...unitNames.map(unit => this[unit]), adjustNames.indexOf(this.adjust)]
    const fields = [...values.entries()].filter(([, value]) => BigInt(value) !== 0n)
    const writer = new ByteWriter()
    writer.integer(fields.length)
    for (const [id, value] of fields) {
      writer.integer(id)
      writer.integer(value)
    }
    return writer.bytes()
  }

  /** Reads the bytes of `toBytes`. @internal */
  static fromBytes(bytes: Uint8Array): Interval {
    // The server sends no zeros, and the adjust with the number 0 is `excess`.
    const fields: IntervalFields = { adjust: 'excess' }
    const reader = new ByteReader(bytes)
    for (let left = bytes.length === 0 ? 0 : Number(reader.integer()); left > 0; left -= 1) {
      const id = Number(reader.integer())
      const value = reader.integer()
      const unit = unitNames[id]
      const adjust = id === adjustId ? adjustNames[Number(value)] : undefined
      if (unit) fields[unit] = value
      else if (adjust) fields.adjust = adjust
      else throw new ProtocolError(`An interval has the unknown field ${id} = ${value}`)
    }
    return new Interval(fields)
  }
}

function check(unit: string, value: number | bigint): void {
  const whole = typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value)
  if (!whole) throw new InvalidOptionError(`Not an interval: ${unit} is ${String(value)}`)
}
