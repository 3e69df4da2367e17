import { once } from 'node:events'
import { type AddressInfo, createServer, connect as netConnect } from 'node:net'
import getPort from 'get-port'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BoxError, ConnectionError, LuaError, ProtocolError, RequestTimeoutError } from '../../src/errors.ts'
import { IprotoConnection } from '../../src/protocol/iproto/connection.ts'
import { ByteString } from '../../src/protocol/values/byte-string.ts'
import { Decimal } from '../../src/protocol/values/decimal.ts'
import { ErrorValue } from '../../src/protocol/values/error-value.ts'
import { UnknownExtension } from '../../src/protocol/values/unknown-extension.ts'
import { Uuid } from '../../src/protocol/values/uuid.ts'
import { type Feature, has, skipWithout } from '../support/features.ts'
import { startServer, type TestServer } from './server.ts'

const SETUP = `
  box.schema.space.create('things', { format = { { 'id', 'unsigned' }, { 'value', 'any', is_nullable = true } } })
  box.space.things:create_index('pk')
  -- SQL makes the only binary values before 3.0.
  if box.execute then
    box.execute('CREATE TABLE "blobs" ("id" INT PRIMARY KEY, "bytes" VARBINARY)')
    box.execute([[INSERT INTO "blobs" VALUES (1, X'00ff41')]])
  end
  box.schema.user.create('app', { password = 'secret' })
  box.schema.user.grant('app', 'super')
  box.schema.user.create('blank', { password = '' })
  function several() return 1, nil, { 2 } end
  function boom() error('boom') end
  function echo(...) return ... end
`

let server: TestServer
let connection: IprotoConnection

beforeAll(async () => {
  server = await startServer(SETUP)
  connection = await IprotoConnection.connect(server.iproto)
})
afterAll(async () => {
  connection?.close()
  await server?.stop()
})

const long = 'é日𝄞'.repeat(1000)

describe('an argument comes back as it was', () => {
  test.for<[name: string, value: unknown, back?: unknown, needs?: Feature]>([
    ['null', null],
    ['undefined', undefined, null],
    ['true', true],
    ['zero', 0],
    ['double', 0.1 + 0.2],
    ['tiny double', 5e-324],
    ['infinity', Number.POSITIVE_INFINITY],
    ['NaN', Number.NaN],
    ['2^32', 2 ** 32],
    ['-2^31 - 1', -(2 ** 31) - 1],
    ['2^53 - 1', Number.MAX_SAFE_INTEGER],
    ['2^53', 2n ** 53n],
    ['uint64', 2n ** 64n - 1n],
    ['int64', -(2n ** 63n)],
    ['small bigint', 7n, 7],
    ['empty string', ''],
    ['string', 'a\0b\r\n é日𝄞'],
    ['byte order mark', '\ufeffx'.repeat(300)],
    ['long string', long],
    ['string that is not UTF-8', ByteString.of(0xff, 0xfe, 0x41)],
    ['array', [1, [2, [3]], []]],
    ['array with nil', [1, null, 3]],
    ['object', { a: { b: [1, { c: 'd' }] }, e: 'f' }],
    ['__proto__', Object.fromEntries([['__proto__', { a: 1 }]])],
    [
      'Map with boolean keys',
      new Map([
        [true, 1],
        [false, 2],
      ]),
    ],
    [
      'Map with number keys',
      new Map([
        [5, 'a'],
        [7, 'b'],
      ]),
      { 5: 'a', 7: 'b' },
    ],
    ['decimal', new Decimal('-123456789012345678.90'), undefined, 'decimals'],
    ['decimal of 38 digits', new Decimal('0.99999999999999999999999999999999999999'), undefined, 'decimals'],
    ['big decimal', new Decimal('12345678901234567890123456789012345678'), undefined, 'decimals'],
    ['uuid', new Uuid('f81d4fae-7dec-11d0-a765-00a0c91e6bf6'), undefined, 'uuids'],
  ])('%s', async ([, value, back = value, needs], context) => {
    if (needs) skipWithout(needs, context)
    expect(await connection.eval('return ...', [value])).toEqual([back])
    expect(await connection.call('echo', [value, value])).toEqual([back, back])
  })

  // Lua would make its keys one kind of number; a tuple keeps them.
  test.each<[name: string, value: unknown]>([
    [
      'map with keys of several kinds',
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', 'b'],
        [true, 'c'],
      ]),
    ],
    ['map with arrays as keys', new Map([[[1, 2], 'x']])],
  ])('%s of a space', async (_, value) => {
    const raw = await connection.call('box.space.things:replace', [[1, value]])
    expect(raw).toEqual([[1, value]])
  })

  test('binary', async context => {
    skipWithout('SQL', context)
    expect(await connection.call('box.space.blobs:get', [1])).toEqual([[1, Uint8Array.of(0, 0xff, 0x41)]])
    // Before 3.0 Lua has no other type for it than string.
    expect(await connection.eval('local bytes = ... return #bytes', [Uint8Array.of(0, 0xff)])).toEqual([2])
  })

  test('what the server makes', async context => {
    skipWithout('decimals', context)
    const values = await connection.eval(`
      return '\\255', 2^60, 18446744073709551615ULL, require('decimal').new('1.50'), {[1000] = 'far'}, {[true] = 1},
        box.space.things:put{9, 'tuple'}, box.NULL, setmetatable({}, {__serialize = 'map'}), {}`)
    const map = new Map([[true, 1]])
    const text = [ByteString.of(0xff), 2n ** 60n, 2n ** 64n - 1n, new Decimal('1.50')]
    expect(values).toEqual([...text, { 1000: 'far' }, map, [9, 'tuple'], null, {}, []])
  })

  test('an error object is a value', async context => {
    skipWithout('a stack of errors', context)
    // From 2.10 on the client asks for it by itself; later versions have no such setting any more.
    const marshal = (on: boolean): Promise<unknown[]> =>
      connection.eval('pcall(function(on) box.session.settings.error_marshaling_enabled = on end, ...)', [on])
    await marshal(true)
    const [error] = await connection.eval(`return box.error.new{ type = 'Mine', code = 5, reason = 'no' }`)
    expect(error).toBeInstanceOf(ErrorValue)
    expect(error).toMatchObject({
      message: 'no',
      boxType: 'CustomError',
      frames: [{ fields: { custom_type: 'Mine' } }],
    })
    const [message, again] = await connection.eval('local e = ... return e.message, e', [error])
    expect(message).toBe('no')
    expect((again as ErrorValue).frames[0]?.message).toBe('no')
    await marshal(false)
  })

  test('an argument that the server does not know fails alone', async () => {
    await expect(connection.eval('return ...', [new UnknownExtension(42, Uint8Array.of(1))])).rejects.toThrow(LuaError)
    await expect(connection.eval('return ...', [() => {}])).rejects.toThrow(ProtocolError)
    expect(await connection.eval('return 1')).toEqual([1])
  })
})

describe('a call', () => {
  test('gives the list of what it returns', async () => {
    expect(await connection.call('several')).toEqual([1, null, [2]])
    expect(await connection.eval('return')).toEqual([])
    expect(await connection.eval('local a, b = ... return a + b', [1, 2])).toEqual([3])
    expect(await connection.call('box.space.things:count')).toEqual([expect.any(Number)])
    await connection.ping()
  })

  test('that pushes gives its own values', async () => {
    expect(await connection.eval('box.session.push("pushed") return "returned"')).toEqual(['returned'])
  })

  test('100 at once, answered in another order', async () => {
    const lua = 'local i = ... require("fiber").sleep((100 - i) / 5000) return i'
    const numbers = Array.from({ length: 100 }, (_, i) => i)
    const done: unknown[] = []
    const all = numbers.map(async i => {
      const [value] = await connection.eval(lua, [i])
      done.push(value)
      return value
    })
    expect(await Promise.all(all)).toEqual(numbers)
    expect(done).not.toEqual(numbers)
  })

  test('of 5 MB each way', async () => {
    const big = 'x'.repeat(5_000_000)
    expect(await connection.eval('local s = ... return #s, s .. s', [big])).toEqual([5_000_000, big + big])
  })
})

describe('an error', () => {
  const raised = async (reply: Promise<unknown>): Promise<LuaError> => {
    const error: unknown = await reply.catch((reason: unknown) => reason)
    if (error instanceof LuaError) return error
    throw new Error('no LuaError', { cause: error })
  }

  // Older servers send only the message.
  const typeOf = (type: string): string | undefined => (has('a stack of errors') ? type : undefined)

  test('of Lua code is a LuaError', async () => {
    const error = await raised(connection.call('boom'))
    expect(error).not.toBeInstanceOf(BoxError)
    expect(error).toMatchObject({ boxCode: 32, boxType: typeOf('LuajitError'), code: 'ERR_TARANTOOL_LUA' })
    expect(error.luaMessage).toMatch(/init\.lua:\d+: boom$/)
  })

  test.each<[name: string, lua: string, boxCode: number, boxType: string, message: RegExp]>([
    ['a duplicate', 'box.space.things:put{1} box.space.things:insert{1}', 3, 'ClientError', /^Duplicate key/],
    ['a custom error', `box.error{type = 'Mine', reason = 'no'}`, 0, 'CustomError', /^no$/],
    ['an error with a code', `box.error{code = 5000, reason = 'own'}`, 5000, 'ClientError', /^own$/],
  ])('%s is a BoxError', async (_, lua, boxCode, boxType, message) => {
    const error = await raised(connection.eval(lua))
    expect(error).toBeInstanceOf(BoxError)
    expect(error).toMatchObject({ boxCode, boxType: typeOf(boxType), luaMessage: expect.stringMatching(message) })
    if (!has('a stack of errors')) return
    expect(error.frames[0]).toMatchObject({ type: boxType, file: expect.any(String), line: expect.any(Number) })
  })

  test('of no such function', async () => {
    expect(await raised(connection.call('nowhere'))).toMatchObject({ boxCode: 33, code: 'ERR_TARANTOOL_BOX' })
  })

  test('has the errors that caused it, outermost first', async context => {
    skipWithout('a stack of errors', context)
    const error = await raised(
      connection.eval(`
        local outer = box.error.new{code = 2, reason = 'outer'}
        outer:set_prev(box.error.new{code = 1, reason = 'cause'})
        outer:raise()`),
    )
    expect(error.frames.map(frame => [frame.code, frame.message])).toEqual([
      [2, 'outer'],
      [1, 'cause'],
    ])
  })

  test('of syntax', async () => {
    const error = await raised(connection.eval('return +'))
    expect(error).toMatchObject({ boxCode: 32 })
    expect(error.luaMessage).toMatch(/unexpected symbol/)
  })
})

describe('who connects', () => {
  test.each<[who: string, options: { user?: string; password?: string }, user: string]>([
    ['nobody is guest', {}, 'guest'],
    ['guest by name', { user: 'guest' }, 'guest'],
    ['guest with an empty password', { user: 'guest', password: '' }, 'guest'],
    ['a user', { user: 'app', password: 'secret' }, 'app'],
    ['a user with an empty password', { user: 'blank' }, 'blank'],
  ])('%s', async (_, options, user) => {
    const own = await IprotoConnection.connect(server.iproto, options)
    const [name] = await own.eval('return box.session.effective_user()').catch((error: unknown) => [error])
    // Only `blank` has no right to evaluate, and the error names the user.
    expect(String(name)).toContain(user)
    own.close()
  })

  test.each<[name: string, options: { user?: string; password?: string }]>([
    ['a wrong password', { user: 'app', password: 'wrong' }],
    ['no password', { user: 'app' }],
    ['no such user', { user: 'nobody', password: 'secret' }],
    ['a password for guest', { password: 'secret' }],
  ])('%s is refused', async (_, options) => {
    const refused = IprotoConnection.connect(server.iproto, options)
    await expect(refused).rejects.toThrow(BoxError)
    await expect(refused).rejects.toThrow(/password|user/i)
  })

  test('reads the greeting', () => {
    expect(connection.greeting).toMatch(/^Tarantool \S+ \(Binary\)/)
    expect(connection.serverVersion).toMatch(/^\d+\.\d+\.\d+/)
    expect(Buffer.from(connection.salt, 'base64')).toHaveLength(32)
  })

  test('TCP, by name and by number', async () => {
    const port = await getPort()
    const other = await startServer('', { host: '127.0.0.1', port })
    try {
      const tcp = await IprotoConnection.connect({ host: '127.0.0.1', port })
      expect(await tcp.eval('return 1')).toEqual([1])
      tcp.close()
    } finally {
      await other.stop()
    }
    await expect(IprotoConnection.connect({ host: '127.0.0.1', port })).rejects.toThrow(`Tarantool[127.0.0.1:${port}]`)
  })

  test('a console and a server that is none are refused', async () => {
    await expect(IprotoConnection.connect(server.console)).rejects.toThrow(/a Lua console answers there/)
    const other = createServer(client => client.end('HTTP/1.1 400 Bad Request\r\n'.repeat(10))).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = { host: '127.0.0.1', port: (other.address() as AddressInfo).port }
    await expect(IprotoConnection.connect(address)).rejects.toThrow(/not Tarantool; it says "HTTP/)
    await expect(IprotoConnection.connect({ path: '/nowhere.sock' })).rejects.toThrow(ConnectionError)
    other.close()
  })
})

describe('nothing hangs', () => {
  test('a reply that comes byte by byte, and in one piece with others', async () => {
    const proxy = createServer(client => {
      const upstream = netConnect('path' in server.iproto ? server.iproto.path : '')
      client.on('data', chunk => upstream.write(chunk)).on('close', () => upstream.destroy())
      upstream.on('data', chunk => {
        for (const byte of chunk) client.write(Uint8Array.of(byte))
      })
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const slow = await IprotoConnection.connect({ host: '127.0.0.1', port: (proxy.address() as AddressInfo).port })
    expect(await Promise.all([slow.eval('return "é𝄞"'), slow.eval('return 2')])).toEqual([['é𝄞'], [2]])
    slow.close()
    proxy.close()
  })

  test('a timeout rejects, the late reply is dropped, the connection goes on', async () => {
    const late = connection.eval('require("fiber").sleep(0.1) return "late"', [], { timeout: 20 })
    await expect(late).rejects.toThrow(RequestTimeoutError)
    expect(await connection.eval('require("fiber").sleep(0.2) return "next"')).toEqual(['next'])
  })

  test('an abort rejects with its reason', async () => {
    const controller = new AbortController()
    const slow = connection.eval('require("fiber").sleep(0.1)', [], { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(slow).rejects.toThrow('enough')
    await expect(connection.ping({ signal: controller.signal })).rejects.toThrow('enough')
    await connection.ping()
  })

  test('close() rejects what waits, and what comes', async () => {
    const own = await IprotoConnection.connect(server.iproto)
    const slow = own.eval('require("fiber").sleep(10)')
    own.close()
    await expect(slow).rejects.toThrow(ConnectionError)
    await expect(own.ping()).rejects.toThrow(ConnectionError)
    await own.closed
    expect(own.open).toBe(false)
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)('a server that gets %s under a request', async signal => {
    const doomed = await startServer()
    try {
      const own = await IprotoConnection.connect(doomed.iproto)
      const pending = [own.eval('require("fiber").sleep(100)'), own.eval('require("fiber").sleep(100)')]
      doomed.process.kill(signal)
      for (const request of pending) await expect(request).rejects.toThrow(ConnectionError)
      await own.closed
    } finally {
      await doomed.stop()
    }
  })
})
