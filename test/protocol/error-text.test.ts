import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BoxError, type LuaError } from '../../src/errors.ts'
import { ConsoleConnection } from '../../src/protocol/console/connection.ts'
import { IprotoConnection } from '../../src/protocol/iproto/connection.ts'
import { ByteString } from '../../src/protocol/values/byte-string.ts'
import { ErrorValue } from '../../src/protocol/values/error-value.ts'
import { readableText } from '../../src/readable-text.ts'
import { skipWithout } from '../support/features.ts'
import { startServer, type TestServer } from './server.ts'

test.each<[bytes: string, text: string]>([
  ['boom', 'boom'],
  ['\xff', '\\xff'],
  ['caf\xe9 \xc3\xa9', 'caf\\xe9 é'],
  ['\xf0\x9d\x84\x9e\xf0\x9d\x84', '𝄞\\xf0\\x9d\\x84'],
  // Invalid UTF-8: an overlong form, half a surrogate pair, a code beyond the last character.
  ['\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80', '\\xc0\\xaf|\\xed\\xa0\\x80|\\xf4\\x90\\x80\\x80'],
  ['\xef\xbf\xbd \x80', '\ufffd \\x80'],
  ['a\0b\xe2\x80\xa8', 'a\0b\u2028'],
])('the bytes of %j can be read', (bytes, text) => {
  expect(readableText(Buffer.from(bytes, 'latin1'))).toBe(text)
})

let server: TestServer
let iproto: IprotoConnection
let lua: ConsoleConnection
beforeAll(async () => {
  server = await startServer(`
    box.schema.space.create('bin'):create_index('pk', { parts = { { 1, 'string' } } })
    function deep() error('in \\255') end`)
  iproto = await IprotoConnection.connect(server.iproto)
  lua = await ConsoleConnection.connect(server.console)
})
afterAll(async () => {
  iproto?.close()
  lua?.close()
  await server?.stop()
})

const marshal = 'pcall(function() box.session.settings.error_marshaling_enabled = true end)'

describe.each([
  ['eval', async (text: string) => await iproto.eval(text)],
  ['command', async (text: string) => await lua.command(text)],
])('the error of %s', (_, run) => {
  const raised = async (text: string): Promise<LuaError> =>
    await run(text).then(
      values => Promise.reject(new Error(`no error: ${values}`)),
      (error: LuaError) => error,
    )

  test.each<[what: string, text: string, message: RegExp]>([
    ['of Lua', `error('\\255 is no letter')`, /\\xff is no letter$/],
    ['of Lua, alone', `error('caf\\xe9 \\xc3\\xa9', 0)`, /^caf\\xe9 é$/],
    ['of a table', `error(setmetatable({}, { __tostring = function() return '\\255' end }))`, /\\xff/],
    ['of the database', `box.error{ code = 5000, reason = 'no \\255' }`, /^no \\xff$/],
    ['with a custom type', `box.error{ type = 'My\\255', reason = 'no \\254' }`, /^no \\xfe$/],
    ['of an unknown space', `box.space['\\255']:insert{1}`, /attempt to index|nil/],
    ['of a duplicate key', `box.space.bin:replace{'\\255'} box.space.bin:insert{'\\255'}`, /^Duplicate key exists/],
    ['of a wrong type', `box.space.bin:insert{1, '\\255'}`, /type/],
  ])('%s is text', async (_name, text, message) => {
    const error = await raised(text)
    expect(error.luaMessage).toMatch(message)
    expect(error.message).toContain(error.luaMessage)
    for (const frame of error.frames) {
      expect(typeof frame.message).toBe('string')
      expect(typeof frame.type).toBe('string')
      expect(JSON.stringify(frame)).not.toContain('255')
    }
  })

  test('has a stack of text', async context => {
    skipWithout('a stack of errors', context)
    const error = await raised(`
      local inner = box.error.new{ code = 1, reason = 'inner \\255' }
      local outer = box.error.new{ code = 2, reason = 'outer \\254' }
      outer:set_prev(inner)
      outer:raise()`)
    expect(error).toBeInstanceOf(BoxError)
    expect(error.frames.map(({ message }) => message)).toEqual(['outer \\xfe', 'inner \\xff'])
  })
})

test("Lua's traceback is text", async () => {
  const error = await lua.command(`_G['f\\255'] = function() error('x') end _G['f\\255']()`).catch((e: LuaError) => e)
  expect((error as LuaError).luaStack).toMatch(/command:1/)
  const named = loadChunk('\\255')
  expect(await lua.command(named).catch((e: LuaError) => e.luaStack)).toContain('\\xff')
})

const loadChunk = (name: string): string => `local f = assert(loadstring('error("x")', '@${name}')) f() return 1`

test('an error that is a value keeps its bytes on the way back', async () => {
  await iproto.eval(marshal)
  const [error] = await iproto.eval(`return box.error.new{ code = 5000, reason = 'no \\255' }`)
  if (!(error instanceof ErrorValue)) return expect(error).toEqual(ByteString.from([0x6e, 0x6f, 0x20, 0xff]))
  expect(error.message).toBe('no \\xff')
  expect(await iproto.eval('local e = ... return #e.message', [error])).toEqual([4])
})

test('data keep their bytes', async () => {
  const bytes = ByteString.of(0xff)
  expect(await iproto.eval(`return '\\255', { ['\\255'] = '\\255' }`)).toEqual([bytes, new Map([[bytes, bytes]])])
  expect(await lua.command(`'\\255', { ['\\255'] = '\\255' }`)).toEqual([bytes, new Map([[bytes, bytes]])])
})
