import { describe, expect, test } from 'vitest'
import { InvalidOptionError, ProtocolError } from '../../../src/errors.ts'
import { ByteString } from '../../../src/protocol/values/byte-string.ts'
import { decode, encode } from '../../../src/protocol/values/codec.ts'
import { Datetime } from '../../../src/protocol/values/datetime.ts'
import { Decimal } from '../../../src/protocol/values/decimal.ts'
import { ErrorValue } from '../../../src/protocol/values/error-value.ts'
import { Interval } from '../../../src/protocol/values/interval.ts'
import { UnknownExtension } from '../../../src/protocol/values/unknown-extension.ts'
import { Uuid } from '../../../src/protocol/values/uuid.ts'

const encodeHex = (value: unknown): string => Buffer.from(encode(value)).toString('hex')
const decodeHex = (hex: string): unknown => decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

// The bytes of datetimes and intervals are those that tarantool-python's tests expect of a server
// (test/suites/test_datetime.py, test_interval.py); iproto.test.ts sends the others to a server.
const frame = { type: 'Custom', file: 'a', line: 7, message: 'boom', errno: 0, code: 5 }
const customError = new ErrorValue([frame])

describe('a value and its bytes', () => {
  test.each<[hex: string, value: unknown]>([
    ['c0', null],
    ['7f', 127],
    ['e0', -32],
    ['d0df', -33],
    ['cd0100', 256],
    ['ceffffffff', 2 ** 32 - 1],
    ['cf0000000100000000', 2 ** 32],
    ['d3ffffffff7fffffff', -(2 ** 31) - 1],
    ['cf001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['cf0020000000000000', 2n ** 53n],
    ['cfffffffffffffffff', 2n ** 64n - 1n],
    ['d38000000000000000', -(2n ** 63n)],
    ['cb3ff8000000000000', 1.5],
    ['a3efbbbf', '\ufeff'],
    ['a2fffe', ByteString.of(0xff, 0xfe)],
    ['c402fffe', Uint8Array.of(0xff, 0xfe)],
    ['81a95f5f70726f746f5f5f01', Object.fromEntries([['__proto__', 1]])],
    ['81c301', new Map([[true, 1]])],
    ['81920102a178', new Map([[[1, 2], 'x']])],
    ['81a1ff01', new Map([[ByteString.of(0xff), 1]])],
    [
      '8201c3a131c2',
      new Map<unknown, boolean>([
        [1, true],
        ['1', false],
      ]),
    ],
    ['d6010201234c', new Decimal('12.34')],
    ['d6010201234d', new Decimal('-12.34')],
    ['d501000c', new Decimal('0')],
    ['d501030c', new Decimal('0.000')],
    ['d5010a1c', new Decimal('0.0000000001')],
    ['d802f81d4fae7dec11d0a76500a0c91e6bf6', new Uuid('f81d4fae-7dec-11d0-a765-00a0c91e6bf6')],
    // datetime
    ['d70480a40e6300000000', new Datetime({ seconds: 1661904000 })],
    ['d7048081557cffffffff', new Datetime({ seconds: -2208988800 })],
    [
      'd8044a790f630000000059ff6312b400b303',
      new Datetime({ seconds: 1661958474, nanoseconds: 308543321, tzoffset: 180, tzindex: 947 }),
    ],
    [
      'd8048ab10f630000000059ff6312c4ff0000',
      new Datetime({ seconds: 1661972874, nanoseconds: 308543321, tzoffset: -60 }),
    ],
    ['d704ffffffffffffff7f', new Datetime({ seconds: 2n ** 63n - 1n })],
    // interval
    ['d40600', new Interval({ adjust: 'excess' })],
    ['c705060200010801', new Interval({ year: 1 })],
    ['c709060400010102' + '03030801', new Interval({ year: 1, month: 2, day: 3 })],
    ['c709060200d2ff4c918b0801', new Interval({ year: -11759221 })],
    ['c70d0602' + '03d3fffffffefffea792' + '0801', new Interval({ day: -4295055470 })],
    ['d52a0102', new UnknownExtension(42, Uint8Array.of(1, 2))],
    ['d4ff07', new UnknownExtension(-1, Uint8Array.of(7))],
  ])('%s', (hex, value) => {
    expect(decodeHex(hex)).toEqual(value)
    expect(encodeHex(value)).toBe(hex)
  })

  test.each<[name: string, hex: string, value: unknown]>([
    ['a string key and a number key', '82 01 c3 a178 c2', { 1: true, x: false }],
    ['an empty map', '80', {}],
    ['maps in arrays in maps', '81 a161 92 81a16201 80', { a: [{ b: 1 }, {}] }],
    ['a float32', 'ca3fc00000', 1.5],
    ['a decimal with a scale below zero', 'c703 01 fe 012c', new Decimal('1200')],
    ['a decimal with plus as 0x0a', 'd5 01 01 5a', new Decimal('0.5')],
    ['a decimal with minus as 0x0b', 'd5 01 01 5b', new Decimal('-0.5')],
    ['a datetime with a zero tail', 'd804 80a40e6300000000 0000000000000000', new Datetime({ seconds: 1661904000 })],
    ['an error', 'c71b 03 8100 91 86 00a6437573746f6d 01a161 0207 03a4626f6f6d 0400 0505', customError],
  ])('%s is read', (_, hex, value) => {
    expect(decodeHex(hex)).toEqual(value)
  })

  test('an error is sent with its cause and its fields', () => {
    const error = new ErrorValue([
      ...customError.frames,
      { ...frame, message: 'cause', fields: { custom_type: 'Mine' } },
    ])
    expect(decodeHex(encodeHex(error))).toEqual(error)
  })

  test.each<[name: string, value: unknown, hex: string]>([
    ['undefined', undefined, 'c0'],
    ['undefined in an array', [undefined], '91c0'],
    ['a property that is undefined', { a: undefined, b: 1 }, '81a16201'],
    ['a small bigint', 5n, '05'],
    ['a Date', new Date(-1), 'd804ffffffffffffffffc0878b3b00000000'],
    ['a Buffer', Buffer.from([1]), 'c40101'],
    ['a ByteString that is UTF-8', ByteString.of(0x61), 'a161'],
    ['a Map with number keys', new Map([[1, 2]]), '810102'],
  ])('%s is sent', (_, value, hex) => {
    expect(encodeHex(value)).toBe(hex)
  })

  test('a map of 16 and one of 65,536 keys', () => {
    for (const size of [16, 65_536]) {
      const map = new Map(Array.from({ length: size }, (_, i) => [i % 2 === 0 ? i : BigInt(i) + 2n ** 60n, i]))
      expect(decode(encode(map))).toEqual(map)
    }
  })

  test('bytes of a reply are a copy', () => {
    const reply = Buffer.from('c4020102', 'hex')
    const value = decode(reply) as Uint8Array
    reply.fill(0)
    expect(value).toEqual(Uint8Array.of(1, 2))
    expect(value.buffer.byteLength).toBe(2)
  })
})

const cycle: Record<string, unknown> = {}
cycle.self = cycle

test.each<[name: string, value: unknown]>([
  ['a function', () => {}],
  ['a symbol', Symbol('x')],
  ['a Set', new Set([1])],
  ['a RegExp', /x/],
  ['a promise', Promise.resolve()],
  ['2^64', 2n ** 64n],
  ['below int64', -(2n ** 63n) - 1n],
  ['a cycle', cycle],
  ['half a surrogate pair', '\ud800'],
])('%s cannot be sent', (_, value) => {
  expect(() => encode([value])).toThrow(ProtocolError)
  expect(encodeHex([1])).toBe('9101')
})

test.each([
  ['nothing', ''],
  ['half a string', 'a561'],
  ['two values', '0102'],
  ['a reserved byte', 'c1'],
  ['a uuid of one byte', 'd40201'],
  ['a short datetime', 'd40401'],
  ['a decimal without digits', 'd40101'],
  ['an unknown field of an interval', 'c70306010901'],
])('%s cannot be read', (_, hex) => {
  expect(() => decodeHex(hex)).toThrow(ProtocolError)
})

describe('classes', () => {
  test.each([
    ['1.50', '1.50'],
    ['+1', '1'],
    ['-0.001', '-0.001'],
    ['007', '7'],
    ['00.5', '0.5'],
    ['12e3', '12000'],
    ['1.5e-3', '0.0015'],
    ['1.5E1', '15'],
    ['99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
  ])('the decimal %s is %s', (text, expected) => {
    const decimal = new Decimal(text)
    expect(decimal.text).toBe(expected)
    expect(Decimal.fromBytes(decimal.toBytes())).toEqual(decimal)
    expect(decimal.toNumber()).toBe(Number(text))
    expect(JSON.stringify([decimal])).toBe(`["${expected}"]`)
  })

  test.each<[name: string, make: () => unknown]>([
    ['decimal', () => new Decimal('1,5')],
    ['empty decimal', () => new Decimal('')],
    ['huge decimal', () => new Decimal('1e999999999')],
    ['uuid', () => new Uuid('f81d4fae')],
    ['datetime', () => new Datetime({ seconds: 1.5 })],
    ['far datetime', () => new Datetime({ seconds: 2n ** 63n })],
    ['time zone', () => new Datetime({ seconds: 1, tzoffset: 40_000 })],
    ['invalid Date', () => Datetime.fromDate(new Date(Number.NaN))],
    ['interval', () => new Interval({ day: 0.5 })],
  ])('a bad %s is refused', (_, make) => {
    expect(make).toThrow(InvalidOptionError)
  })

  test('they cannot be changed', () => {
    const decimal = new Decimal('1') as { text: string }
    expect(() => {
      decimal.text = '2'
    }).toThrow(TypeError)
  })

  test.each(['1970-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '2022-08-31T18:07:54.308Z'])(
    'the date %s',
    text => {
      const date = new Date(text)
      expect(Datetime.fromDate(date).toDate()).toEqual(date)
    },
  )
})
