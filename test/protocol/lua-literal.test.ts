import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../src/errors.ts'
import { IprotoConnection } from '../../src/protocol/iproto/connection.ts'
import { luaLiteral } from '../../src/protocol/lua-literal.ts'
import { startServer, type TestServer } from './server.ts'

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

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i)
const everyCharacter = Array.from({ length: 0x300 }, (_, i) => String.fromCharCode(i)).join('')

describe('a literal is the value', () => {
  test.each<[name: string, value: unknown, back?: unknown]>([
    ['text', 'a "quoted" \\ back\nslash\r\n\t\0' + '1'],
    ['characters', everyCharacter],
    ['unicode', '日本 𝄞 \u2028\u2029\ufeff'],
    ['brackets', ']] ]=] --[[ %s'],
    ['number', 0.1 + 0.2],
    ['small number', 5e-324],
    ['big number', Number.MAX_VALUE],
    ['negative', -5],
    ['2^53', 2 ** 53, 2n ** 53n],
    ['int64', -(2n ** 63n)],
    ['2^63 - 1', 2n ** 63n - 1n],
    ['uint64', 2n ** 64n - 1n],
    ['small bigint', 5n, 5],
    ['true', true],
    ['null', null],
    ['undefined', undefined, null],
    ['array', [1, 'a', [], [true]]],
    ['array with nil', [1, null, undefined, 4], [1, null, null, 4]],
    ['object', { a: 1, 'b c': { '"': 2 }, end: 3, __proto__: null }, { a: 1, 'b c': { '"': 2 }, end: 3 }],
    ['object with nil', { a: null, b: undefined, c: 1 }, { c: 1 }],
  ])('%s', async (_, value, back = value) => {
    expect(luaLiteral(value)).not.toContain('\n')
    expect(await connection.eval(`return ${luaLiteral(value)}`)).toEqual([back])
  })

  test('bytes', async () => {
    const lua = `local s = ${luaLiteral(everyByte)} for i = 0, 255 do assert(s:byte(i + 1) == i) end return #s`
    expect(await connection.eval(lua)).toEqual([256])
    expect(luaLiteral(Buffer.from('a"'))).toBe('"a\\034"')
  })
})

const cycle: unknown[] = []
cycle.push(cycle)

test.each<[name: string, value: unknown, path: string]>([
  ['NaN', Number.NaN, 'value is NaN'],
  ['infinity', { a: [1, Number.POSITIVE_INFINITY] }, 'value.a[1] is Infinity'],
  ['2^64', 2n ** 64n, 'more than 64 bits'],
  ['below int64', -(2n ** 63n) - 1n, 'more than 64 bits'],
  ['function', { f() {} }, 'value.f is a function'],
  ['symbol', Symbol('x'), 'is a symbol'],
  ['date', new Date(), 'is a Date'],
  ['map', new Map(), 'is a Map'],
  ['class', new (class Own {})(), 'is a Own'],
  ['cycle', cycle, 'contains itself'],
  ['surrogate', '\ud800', 'surrogate'],
])('%s is refused', (_, value, message) => {
  expect(() => luaLiteral(value)).toThrow(InvalidOptionError)
  expect(() => luaLiteral(value)).toThrow(message)
})
