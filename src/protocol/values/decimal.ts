import { recogniseCopies } from '../../copies.ts'
import { InvalidOptionError } from '../../errors.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

const textForm = /^([-+]?)(\d+)(?:\.(\d+))?(?:e([-+]?\d+))?$/i
const minusNibble = 0x0d
const plusNibble = 0x0c

/**
 * A `decimal` of Tarantool (2.3 and later): exact, with its digits as text.
 *
 * `text` has no exponent and keeps the zeros at the end of a fraction: `1.50` is not `1.5`.
 *
 * @example
 * const [price] = await tarantool.eval('return require("decimal").new("19.90")')
 * String(price) // '19.90'
 * await tarantool.call('pay', new Decimal('19.90'))
 */
export class Decimal {
  static {
    recogniseCopies(Decimal)
  }

  /** All digits, without an exponent: `'-12.50'`. */
  readonly text: string

  /** @throws InvalidOptionError if the text is not a number, such as `'1.5'`, `'-2'` or `'3e-10'` */
  constructor(text: string) {
    const [, sign, whole = '', fraction = '', exponent = '0'] = textForm.exec(text) ?? []
    if (sign === undefined || Math.abs(Number(exponent)) > 1000) {
      throw new InvalidOptionError(`Not a decimal number: ${JSON.stringify(text)}`)
    }
    this.text = render(sign === '-', whole + fraction, fraction.length - Number(exponent))
    Object.freeze(this)
  }

  /** The nearest double. */
  toNumber(): number {
    return Number(this.text)
  }

  /** The digits as text. */
  toString(): string {
    return this.text
  }

  /** The digits as text, because a number in JSON would lose digits. */
  toJSON(): string {
    return this.text
  }

  /**
   * The scale, then the digits in packed BCD, whose last half byte is the sign.
   *
   * @see https://www.tarantool.io/en/doc/latest/reference/internals/msgpack_extensions/#the-decimal-type
   * @internal
   */
  toBytes(): Uint8Array {
    const negative = this.text.startsWith('-')
    const [whole = '', fraction = ''] = this.text.replace('-', '').split('.')
    const digits = (whole + fraction).replace(/^0+(?=\d)/, '')
    const nibbles = `${digits}${(negative ? minusNibble : plusNibble).toString(16)}`
    const packed = Buffer.from(nibbles.length % 2 ? `0${nibbles}` : nibbles, 'hex')
    const writer = new ByteWriter()
    writer.integer(fraction.length)
    writer.append(packed)
    return writer.bytes()
  }

  /** Reads what `toBytes` writes. @internal */
  static fromBytes(bytes: Uint8Array): Decimal {
    const reader = new ByteReader(bytes)
    const scale = reader.integer()
    const nibbles = reader.take(reader.left).toString('hex')
    const sign = nibbles.slice(-1)
    const negative = sign === 'd' || sign === 'b'
    return new Decimal(`${negative ? '-' : ''}${nibbles.slice(0, -1)}e${-Number(scale)}`)
  }
}

function render(negative: boolean, digits: string, scale: number): string {
  const shown = scale < 0 ? digits + '0'.repeat(-scale) : digits
  const point = Math.max(scale, 0)
  const padded = shown.padStart(point + 1, '0')
  const whole = padded.slice(0, padded.length - point).replace(/^0+(?=\d)/, '')
  const fraction = padded.slice(padded.length - point)
  return `${negative ? '-' : ''}${whole}${fraction && `.${fraction}`}`
}
