import { isUtf8 } from 'node:buffer'
import * as library from '@msgpack/msgpack'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ProtocolError } from '../../../src/errors.ts'
import { IprotoConnection } from '../../../src/protocol/iproto/connection.ts'
import { ByteString } from '../../../src/protocol/values/byte-string.ts'
import { decode, encode } from '../../../src/protocol/values/codec.ts'
import { Decimal } from '../../../src/protocol/values/decimal.ts'
import { Uuid } from '../../../src/protocol/values/uuid.ts'
import { startServer, type TestServer } from '../server.ts'

const text = fc.string({ unit: 'binary', maxLength: 300 }).filter(value => !/\p{Surrogate}/u.test(value))
const double = fc.double().filter(value => !Number.isInteger(value))
const plain = fc.oneof(fc.constantFrom(null, true, false), fc.maxSafeInteger(), fc.integer(), double, text)
const bytes = fc.uint8Array({ maxLength: 300 })
const wide = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).filter(value => !Number.isSafeInteger(Number(value)))

function nested<Leaf>(leaf: fc.Arbitrary<Leaf>): fc.Arbitrary<unknown> {
  return fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 40 }),
      fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '1', '')), tie('value'), {
        maxKeys: 40,
        noNullPrototype: true,
      }),
    ),
  })).value
}

describe('beside @msgpack/msgpack', () => {
  test('the same bytes', () => {
    fc.assert(
      // Without BigInt, the library has no wide integers. It also refuses `__proto__` as a key.
      fc.property(nested(fc.oneof(plain, bytes)), value => {
        expect(Buffer.from(encode(value))).toEqual(Buffer.from(library.encode(value, { maxDepth: 500 })))
      }),
    )
  })

  test('each reads what the other has written', () => {
    const values = nested(fc.oneof(plain, bytes)).filter(value => !JSON.stringify(value).includes('__proto__'))
    fc.assert(
      fc.property(values, value => {
        expect(decode(library.encode(value, { maxDepth: 500 }))).toEqual(value)
        expect(library.decode(new Uint8Array(encode(value)))).toEqual(value)
      }),
    )
  })
})

test('a value comes back from its bytes', () => {
  const key = fc.oneof(fc.boolean(), text, fc.integer(), fc.array(fc.integer()))
  const leaf = fc.oneof(
    plain,
    wide,
    bytes,
    fc.array(fc.tuple(fc.boolean(), key)).map(entries => new Map(entries)),
  )
  fc.assert(
    fc.property(nested(leaf), value => {
      const back = decode(encode(value))
      // The decoder returns an object for a Map that an object can represent.
      expect(encode(back)).toEqual(encode(decode(encode(back))))
      if (!containsMap(value)) expect(back).toEqual(value)
    }),
  )
})

function containsMap(value: unknown): boolean {
  if (value instanceof Map) return true
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false
  return Object.values(value).some(containsMap)
}

describe('bytes that are no value', () => {
  const outcome = (input: Uint8Array): unknown => {
    try {
      return decode(input)
    } catch (error) {
      return error
    }
  }

  test('any bytes are read, or refused by a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), input => {
        const result = outcome(input)
        if (result instanceof Error) expect(result).toBeInstanceOf(ProtocolError)
      }),
      { numRuns: 2000 },
    )
  })

  test('a value that ends too early is refused wherever it is cut', () => {
    fc.assert(
      fc.property(
        nested(fc.oneof(plain, wide, bytes)),
        fc.double({ min: 0, max: 1, maxExcluded: true }),
        (value, at) => {
          const whole = encode(value)
          expect(outcome(whole.subarray(0, Math.floor(at * whole.length)))).toBeInstanceOf(ProtocolError)
        },
      ),
    )
  })
})

describe('by way of a server', () => {
  let server: TestServer
  let connection: IprotoConnection
  beforeAll(async () => {
    server = await startServer()
    connection = await IprotoConnection.connect(server.iproto)
  })
  afterAll(async () => {
    connection?.close()
    await server?.stop()
  })

  const lua = bytes.map(value => (isUtf8(value) ? Buffer.from(value).toString() : ByteString.from(value)))
  const decimal = fc
    .tuple(fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }), fc.integer({ min: 0, max: 30 }))
    .map(([digits, scale]) => new Decimal(`${digits}e-${scale}`))
  const uuid = fc.uuid().map(value => new Uuid(value))

  test('an argument comes back as it was', async () => {
    const [hasTypes] = await connection.eval('return (pcall(require, "decimal"))')
    const leaf = hasTypes ? fc.oneof(plain, wide, lua, decimal, uuid) : fc.oneof(plain, wide, lua)
    await fc.assert(
      fc.asyncProperty(nested(leaf), async value => {
        expect(await connection.eval('return ...', [value])).toEqual([value])
      }),
    )
  })
})
