import { once } from 'node:events'
import { type AddressInfo, createServer, connect as netConnect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BoxError, ConnectionError, LuaError, ProtocolError, RequestTimeoutError } from '../../src/errors.ts'
import { ConsoleConnection } from '../../src/protocol/console/connection.ts'
import { luaLiteral } from '../../src/protocol/lua-literal.ts'
import { ByteString } from '../../src/protocol/values/byte-string.ts'
import { type Feature, skipWithout } from '../support/features.ts'
import { startServer, type TestServer } from './server.ts'

let server: TestServer
let connection: ConsoleConnection

beforeAll(async () => {
  server = await startServer(`box.schema.space.create('things'):create_index('pk')`)
})
afterAll(() => server?.stop())
beforeEach(async () => {
  connection = await ConsoleConnection.connect(server.console)
})
afterEach(() => connection.close())

describe('a command is an expression, several, or statements', () => {
  test.each<[lua: string, values: unknown[]]>([
    ['box.info.status', ['running']],
    ['1 + 1, 2', [2, 2]],
    ['1 + 1 -- and a comment', [2]],
    ['local x = 1 return x', [1]],
    ['return 1, nil', [1, null]],
    ['nil', [null]],
    ['nil, nil, 3', [null, null, 3]],
    ['', []],
    ['-- nothing', []],
    ['local x = 1', []],
    ['global_of_test = 1', []],
    ['local a = 1\nlocal b = 2\nreturn a + b', [3]],
    ['box.space.things:truncate()', []],
    ['box.space.things:put{1, "one"}', [[1, 'one']]],
    ['box.space.things:get(404)', []],
    ['(function(...) return select("#", ...) end)(nil, nil)', [2]],
    ['box.session.type()', ['console']],
    ['box.session.user()', ['admin']],
    ['{}', [[]]],
    ['setmetatable({}, {__serialize = "map"})', [{}]],
    ['{a = {b = {1, 2}}}', [{ a: { b: [1, 2] } }]],
    ['{["__proto__"] = 1}', [Object.fromEntries([['__proto__', 1]])]],
    ['{[1] = "a", [1000] = "b"}', [{ 1: 'a', 1000: 'b' }]],
  ])('%s', async (lua, values) => {
    expect(await connection.command(lua)).toEqual(values)
  })
})

describe('a string comes back as it was', () => {
  const strings = [
    ...['yes', 'no', 'on', 'null', 'Null', 'NULL', '~', 'true', 'True', 'false', 'nan', '-nan', '.nan', 'inf', '-inf'],
    ...[
      '.inf',
      '-.inf',
      '1e3',
      '0x10',
      '0o14',
      '0b1',
      '012',
      '1:30',
      '1_000',
      '+1',
      '-1',
      '1.',
      '.5',
      '1.50',
      '2001-01-01',
    ],
    ...[
      '',
      ' ',
      ' lead',
      'trail ',
      '    four',
      '\ttab',
      'a\tb',
      '<<',
      '=',
      '- x',
      'a: b',
      '#c',
      'a #c',
      '-',
      '?',
      '---',
    ],
    ...[
      '...',
      '!x',
      '&a',
      '*a',
      '%a',
      '@a',
      '`a',
      '"q"',
      "'q'",
      '{a}',
      '[a]',
      'a,b',
      '|',
      '>',
      '\\n',
      '$(x)',
      '%d',
      ']]',
    ],
    ...[
      'a\n...\nb',
      '...\n',
      '\n...\n',
      '---\n...\n',
      'a\n---\nb',
      '\n',
      '\n\n x',
      'x\n\n',
      '  x\n y\n',
      'a\n\n\tb',
      '1\n',
    ],
    ...[
      'a\r\nb',
      '\r',
      '\n\r',
      '\0',
      'a\0b',
      '\x01\x02\x7f',
      '\x1b[0m',
      'é',
      '日本語',
      '𝄞',
      'a𝄞b\n c',
      '\u0085',
      'a\u0085b',
    ],
    ...['\ufeffbom', '\u00a0', '\u200b', '\ufffd', `${'long '.repeat(100)}`, 'x'.repeat(5000), ' \n '.repeat(50)],
  ]
  test.each(strings.map(text => [JSON.stringify(text).slice(0, 60), text]))('%s', async (_, text) => {
    expect(await connection.command(luaLiteral(text))).toEqual([text])
    expect(await connection.command(luaLiteral({ [text]: [text] }))).toEqual([{ [text]: [text] }])
  })

  test('bytes that are not UTF-8 come back as a ByteString', async () => {
    const [bytes] = await connection.command('"\\255\\254"')
    expect(bytes).toBeInstanceOf(ByteString)
    expect(bytes).toEqual(ByteString.of(0xff, 0xfe))
    const [mixed, text] = await connection.command(`"caf\\xe9 \\\\xFF \\xc3\\xbf \\xc2\\x80", "\\\\xFF \\xc3\\xbf"`)
    expect(mixed).toEqual(ByteString.from(Buffer.from('636166e9205c78464620c3bf20c280', 'hex')))
    expect(text).toBe('\\xFF ÿ')
  })

  test('U+2028 and U+2029, which YAML takes for ends of lines', async () => {
    const text = 'a\u2028  b\u2029\u2028'
    expect(await connection.command(luaLiteral(text))).toEqual([text])
  })
})

describe('a value', () => {
  test.for<[lua: string, value: unknown, needs?: Feature]>([
    ['0', 0],
    ['-0.5', -0.5],
    ['1e100', 1e100],
    ['1.5e-7', 1.5e-7],
    ['1e15', 1e15],
    ['1e20', 1e20],
    ['2^53 - 1', Number.MAX_SAFE_INTEGER],
    ['2^53', 2n ** 53n],
    ['18446744073709551615ULL', 2n ** 64n - 1n],
    ['-9223372036854775808LL', -(2n ** 63n)],
    ['5LL', 5],
    ['1/0', Number.POSITIVE_INFINITY],
    ['-1/0', Number.NEGATIVE_INFINITY],
    ['0/0', Number.NaN],
    ['true', true],
    ['box.NULL', null],
    ['{1, box.NULL, 3}', [1, null, 3]],
    ['require("decimal").new("1.5")', 1.5, 'decimals'],
    ['require("decimal").new("1.50")', '1.50', 'decimals'],
    ['require("decimal").new("123456789012345678901234567890.5")', '123456789012345678901234567890.5', 'decimals'],
    ['require("uuid").fromstr("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'],
    ['setmetatable({}, {__tostring = function() return "me" end, __serialize = function() return "it" end})', 'it'],
    ['print', expect.stringContaining('function')],
    ['box.tuple.new{1, {2}, "x"}', [1, [2], 'x']],
    ['0.1 + 0.2', 0.1 + 0.2],
    ['box.error.new{code = 5000, reason = "no"}', 'no', 'a stack of errors'],
    [
      '{[require("uuid").fromstr("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")] = {require("uuid").fromstr("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), 5LL, box.NULL}}',
      { 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6': ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 5, null] },
      'uuids',
    ],
    [
      'require("datetime").new{year = 2022, month = 8, day = 31, nsec = 5, tz = "Europe/Moscow"}',
      '2022-08-31T00:00:00.000000005 Europe/Moscow',
      'datetimes',
    ],
    ['box.tuple.new{require("datetime").new{timestamp = -1}}', ['1969-12-31T23:59:59Z'], 'datetimes'],
    ['require("datetime").interval.new{month = 3, adjust = "last"}', '+3 months', 'intervals'],
    [
      '{1, {}, setmetatable({}, {__serialize = "map"}), {[true] = 1}, "\\216\\4"}',
      [1, [], {}, new Map([[true, 1]]), ByteString.of(216, 4)],
    ],
  ])('%s', async ([lua, value, needs], context) => {
    if (needs) skipWithout(needs, context)
    expect(await connection.command(lua)).toEqual([value])
  })

  test('a table that stands twice comes twice', async () => {
    expect(await connection.command('local t = {1} return t, {t, t}')).toEqual([[1], [[1], [1]]])
  })

  test('a table that contains itself does not hang', async () => {
    for (const lua of ['local t = {1} t[2] = t return t', 'local t = {} t[1] = t t[2] = t return t']) {
      const outcome: unknown = await connection.command(lua).catch((error: unknown) => error)
      expect(outcome).toBeInstanceOf(LuaError)
      expect((outcome as LuaError).luaMessage).toMatch(/^Too high nest level/)
    }
    expect(await connection.command('1')).toEqual([1])
  })
})

describe('an error', () => {
  const raised = async (lua: string): Promise<LuaError> => {
    const error: unknown = await connection.command(lua).catch((reason: unknown) => reason)
    if (error instanceof LuaError) return error
    throw new Error('no LuaError', { cause: error })
  }

  test.each<[lua: string, message: string]>([
    ['error("boom")', 'command:1: boom'],
    ['local x = 1\nlocal y = 2\nerror("boom")', 'command:3: boom'],
    ['error("boom", 0)', 'boom'],
    ['1 -- )\n, nothing.here', "command:2: attempt to index global 'nothing' (a nil value)"],
    ['nothing.here', "command:1: attempt to index global 'nothing' (a nil value)"],
    ['1 +', "command:1: unexpected symbol near '1'"],
    ['local x =\n)', "command:2: unexpected symbol near ')'"],
    ['1) + (2', "command:1: unexpected symbol near '1'"],
    ['error()', 'nil'],
    ['error({code = 5})', '{"code":5}'],
    ['error(setmetatable({}, {__tostring = function() return "mine" end}))', 'mine'],
    ['return setmetatable({}, {__serialize = function() error("in it", 0) end})', 'in it'],
  ])('%s is a LuaError', async (lua, message) => {
    const error = await raised(lua)
    expect(error.luaMessage).toContain(message)
    expect(error).not.toBeInstanceOf(BoxError)
    expect(await connection.command('1')).toEqual([1])
  })

  test('a table that looks like an error is a value', async () => {
    expect(await connection.command('{error = "boom"}')).toEqual([{ error: 'boom' }])
  })

  test('of the database is a BoxError, with code, type and place', async () => {
    const error = await raised('box.space.things:put{1} box.space.things:insert{1}')
    expect(error).toBeInstanceOf(BoxError)
    expect(error).toMatchObject({ boxCode: 3, boxType: 'ClientError', instance: `Tarantool[${pathOf(server)}]` })
    expect(error.luaMessage).toMatch(/^Duplicate key exists/)
    expect(error.frames).toEqual([
      expect.objectContaining({ code: 3, file: expect.any(String), line: expect.any(Number) }),
    ])
  })

  test('has the errors that caused it, outermost first', async context => {
    skipWithout('a stack of errors', context)
    const error = await raised(`
      local cause = box.error.new{code = 45, reason = 'cause'}
      local outer = box.error.new{code = 2, reason = 'outer'}
      outer:set_prev(cause)
      error(outer)`)
    expect(error.frames.map(frame => [frame.code, frame.message])).toEqual([
      [2, 'outer'],
      [45, 'cause'],
    ])
  })

  test('of a type of its own keeps it', async context => {
    skipWithout('a stack of errors', context)
    const error = await raised(`box.error{type = 'MyError', reason = 'mine'}`)
    expect(error).toBeInstanceOf(BoxError)
    expect(error).toMatchObject({ boxType: 'CustomError', luaMessage: 'mine' })
    expect(error.frames[0]?.fields).toEqual({ custom_type: 'MyError' })
  })

  test('has the Lua stack, without our own frames', async () => {
    const error = await raised(
      'local function inner()\n  error("boom")\nend\nlocal function outer()\n  inner()\nend\nouter()',
    )
    expect(error.luaStack).toContain("command:2: in function 'inner'")
    expect(error.luaStack).toContain('command:7:')
    expect(error.luaStack).not.toContain('xpcall')
  })
})

describe('on the wire', () => {
  test('a reply of 300 KB, and a command of 1 MB', async () => {
    const text = 'é日𝄞 ...\n'.repeat(30_000)
    expect(await connection.command(`string.rep(${luaLiteral('é日𝄞 ...\n')}, 30000)`)).toEqual([text])
    expect(await connection.command(`#${luaLiteral('x'.repeat(2 ** 20))}`)).toEqual([2 ** 20])
  })

  test('a reply that comes byte by byte', async () => {
    const proxy = createServer(client => {
      const upstream = netConnect(pathOf(server))
      client.on('data', chunk => upstream.write(chunk)).on('close', () => upstream.destroy())
      upstream.on('data', chunk => {
        for (const byte of chunk) client.write(Uint8Array.of(byte))
      })
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const slow = await ConsoleConnection.connect({ host: '127.0.0.1', port: (proxy.address() as AddressInfo).port })
    expect(await slow.command('box.session.push("日本") return "é𝄞", 1')).toEqual(['é𝄞', 1])
    slow.close()
    proxy.close()
  })

  test('commands run in their order', async () => {
    const numbers = Array.from({ length: 100 }, (_, i) => i)
    expect(await Promise.all(numbers.map(i => connection.command(String(i))))).toEqual(numbers.map(i => [i]))
  })

  test.for<[what: string, lua: string, needs?: Feature]>([
    ['delimiter', `require('console').delimiter(';')`],
    ['delimiter, by \\set', `require('console').eval('\\\\set delimiter ;')`, '\\set output lua'],
    ['output', `require('console').eval('\\\\set output lua,block')`, '\\set output lua'],
    ['language', `require('console').eval('\\\\set language sql')`, 'SQL'],
    ['default output', `require('console').set_default_output('lua')`, '\\set output lua'],
  ])("a command that changes the console's %s cuts nobody off", async ([, lua, needs], context) => {
    if (needs) skipWithout(needs, context)
    await connection.command(lua)
    expect(await connection.command('{a = "\\n...\\n"}')).toEqual([{ a: '\n...\n' }])
    const other = await ConsoleConnection.connect(server.console)
    expect(await other.command('box.session.push(1) return 2')).toEqual([2])
    other.close()
    await connection.command(`pcall(function() require('console').set_default_output('yaml') end)`)
  })

  test('a map of 20,000 keys, and 200,000 rows', async () => {
    const [map] = await connection.command('local t = {} for i = 1, 20000 do t["key" .. i] = i end return t')
    expect(Object.keys(map as object)).toHaveLength(20_000)
    const [rows] = await connection.command('local t = {} for i = 1, 200000 do t[i] = {i, "row " .. i} end return t')
    expect(rows).toHaveLength(200_000)
    expect((rows as unknown[]).at(-1)).toEqual([200_000, 'row 200000'])
  })

  test('what box.session.push sends is no reply', async () => {
    expect(await connection.command('box.session.push({1, "...", "a\\n...\\nb"}) return 2')).toEqual([2])
    expect(await connection.command('3')).toEqual([3])
  })

  test('TCP', async () => {
    const tcp = await ConsoleConnection.connect(server.tcpConsole)
    expect(tcp.greeting).toMatch(/^Tarantool \S+ \(Lua console\)/)
    expect(await tcp.command('1')).toEqual([1])
    tcp.close()
  })

  test('an application that made Lua the default output', async context => {
    skipWithout('\\set output lua', context)
    await connection.command(`require('console').set_default_output('lua')`)
    const other = await ConsoleConnection.connect(server.console)
    await connection.command(`require('console').set_default_output('yaml')`)
    expect(await other.command('{a = 1}')).toEqual([{ a: 1 }])
    other.close()
  })
})

describe('nothing hangs', () => {
  // The first line's command runs until another connection ends it.
  const wait = `(function() gate = require('fiber').channel() return gate:get() end)()`
  const letGo = async (): Promise<void> => {
    const other = await ConsoleConnection.connect(server.console)
    await other.command(`while not gate do require('fiber').sleep(0.001) end gate:put('late') gate = nil`)
    other.close()
  }

  test('a timeout rejects, and the late reply is dropped', async () => {
    await expect(connection.command(wait, { timeout: 50 })).rejects.toThrow(RequestTimeoutError)
    await letGo()
    expect(await connection.command('"next"')).toEqual(['next'])
  })

  test('a command that times out before its turn never runs', async () => {
    const first = connection.command(wait)
    const second = connection.command('never_run = true', { timeout: 20 })
    await expect(second).rejects.toThrow(RequestTimeoutError)
    await letGo()
    expect(await first).toEqual(['late'])
    expect(await connection.command('never_run')).toEqual([null])
  })

  test('an abort rejects with its reason', async () => {
    const controller = new AbortController()
    const slow = connection.command('require("fiber").sleep(0.2)', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(slow).rejects.toThrow('enough')
    await expect(connection.command('1', { signal: controller.signal })).rejects.toThrow('enough')
    expect(await connection.command('1')).toEqual([1])
  })

  test('close() rejects what waits, and what comes', async () => {
    const slow = connection.command('require("fiber").sleep(10)')
    connection.close()
    await expect(slow).rejects.toThrow(ConnectionError)
    await expect(connection.command('1')).rejects.toThrow(ConnectionError)
    await connection.closed
    expect(connection.open).toBe(false)
  })

  test('a server that is killed', async () => {
    const doomed = await startServer()
    try {
      const console = await ConsoleConnection.connect(doomed.console)
      const pending = [console.command('require("fiber").sleep(100)'), console.command('1')]
      doomed.process.kill('SIGKILL')
      for (const command of pending) await expect(command).rejects.toThrow(ConnectionError)
      await console.closed
      await expect(ConsoleConnection.connect(doomed.console)).rejects.toThrow(ConnectionError)
    } finally {
      await doomed.stop()
    }
  })

  test('a server without our module', async () => {
    await connection.command(`saved = package.loaded['tarantool-fixture'] package.loaded['tarantool-fixture'] = nil`)
    const failed = connection.command('1')
    await expect(failed).rejects.toThrow(ProtocolError)
    await expect(failed).rejects.toThrow("has no module 'tarantool-fixture'")
    // A plain console has to put it back.
    const plain = netConnect(pathOf(server))
    plain.write(`package.loaded['tarantool-fixture'] = saved\n`)
    let said = ''
    for await (const chunk of plain) {
      said += String(chunk)
      if (said.includes('\n...\n')) break
    }
    expect(await connection.command('1')).toEqual([1])
  })

  test('the binary port, and a server that says nothing', async () => {
    await expect(ConsoleConnection.connect(server.iproto)).rejects.toThrow(/its binary protocol answers/)
    const mute = createServer().listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const address = { host: '127.0.0.1', port: (mute.address() as AddressInfo).port }
    await expect(ConsoleConnection.connect(address, { timeout: 50 })).rejects.toThrow(/no greeting within 50 ms/)
    mute.close()
  })
})

function pathOf(of: TestServer): string {
  return 'path' in of.console ? of.console.path : ''
}
