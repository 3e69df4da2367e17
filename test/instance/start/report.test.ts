import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { InitScriptError } from '../../../src/index.ts'
import { type Report, readReport } from '../../../src/instance/start/report.ts'
import { newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'

const ready = '{"version":"2.6.0"}'

async function reportOf(...chunks: (string | Buffer)[]): Promise<Report | undefined> {
  const stdout = new PassThrough()
  const report = readReport(stdout, 'nonce')
  for (const chunk of chunks) stdout.write(chunk)
  stdout.end()
  stdout.resume()
  return await report
}

describe('a report is read', () => {
  const whole = { outcome: 'ready', ready: { version: '2.6.0' } }
  const bytes = (...codes: number[]): string => codes.map(code => `\\u00${code.toString(16)}`).join('')

  test.each<{ what: string; chunks: (string | Buffer)[]; report: unknown }>([
    { what: 'as one line', chunks: [`nonce ready ${ready}\n`], report: whole },
    { what: 'in pieces', chunks: [...`nonce ready ${ready}\n`], report: whole },
    { what: 'behind other lines', chunks: ['one\n\nnon', `ce ready ${ready}\nmore`], report: whole },
    { what: 'behind the begin of a line', chunks: [`wrapper: nonce ready ${ready}\n`], report: whole },
    {
      what: 'with texts that are bytes',
      chunks: [`nonce failed {"stage":"app","message":"${bytes(0xe2, 0x80, 0xa8, 0xff)}"}\n`],
      report: { outcome: 'failed', failure: { stage: 'app', message: '\u2028\\xff' } },
    },
    { what: 'not when it never came', chunks: ['some line\nanother'], report: undefined },
    { what: 'not when its line has no end', chunks: [`nonce ready ${ready}`], report: undefined },
  ])('$what', async ({ chunks, report }) => {
    expect(await reportOf(...chunks)).toEqual(report)
  })

  test.each<{ what: string; chunks: (string | Buffer)[] }>([
    { what: 'that is cut off', chunks: [`nonce ready ${ready.slice(0, 12)}\n`] },
    { what: 'that is not JSON', chunks: ['nonce ready nan\n'] },
    { what: 'that is null', chunks: ['nonce failed null\n'] },
    { what: 'that lacks a field', chunks: ['nonce ready {"template":{}}\n'] },
    { what: 'with fields of other types', chunks: ['nonce failed {"stage":"app","message":5}\n'] },
    { what: 'of another outcome', chunks: [`nonce steady ${ready}\n`] },
    { what: 'of nothing but the nonce', chunks: ['nonce\n'] },
    { what: 'of bytes', chunks: [Buffer.from('nonce failed \xff\0\n', 'latin1')] },
    {
      what: 'without an end',
      chunks: ['nonce failed ', ...Array.from({ length: 17 }, () => Buffer.alloc(2 ** 20, 'x'))],
    },
  ])('and one $what is told apart', async ({ chunks }) => {
    expect(await reportOf(...chunks)).toMatchObject({ outcome: 'unreadable' })
  })
})

describe('what the application raises has its file and line, whatever it is', () => {
  test.each<{ what: string; lua: string; says: string | RegExp }>([
    { what: 'a line separator', lua: "error('a\\226\\128\\168b')", says: 'app.lua:3: a\u2028b' },
    { what: 'a new line', lua: "error('a\\nb')", says: 'app.lua:3: a\nb' },
    { what: 'bytes', lua: "error('a\\255\\192b')", says: 'app.lua:3: a\\xff\\xc0b' },
    { what: 'a zero', lua: "error('a\\0b')", says: 'app.lua:3: a\0b' },
    { what: 'a quote and a backslash', lua: 'error([[a"\\b]])', says: 'app.lua:3: a"\\b' },
    { what: 'letters', lua: "error('ошибка')", says: 'app.lua:3: ошибка' },
    { what: 'a megabyte', lua: "error(('x'):rep(2 ^ 20))", says: /app\.lua:3: x{1000,17000}/ },
    { what: 'no number', lua: 'error(0 / 0)', says: /app\.lua:3: .*nan/ },
    { what: 'a table with no numbers', lua: 'error({ n = 0 / 0, i = math.huge })', says: /app\.lua:3: .*nan/ },
    { what: 'a table in itself', lua: 'local t = {} t.t = t error(t)', says: 'app.lua:3: ' },
    { what: 'a function', lua: 'error(print)', says: 'app.lua:3: function: ' },
    {
      what: 'an object whose text is an error',
      lua: "error(setmetatable({}, { __tostring = function() error('no') end }))",
      says: 'app.lua:3: an error (table) that has no text',
    },
    {
      what: 'an object that has no fields',
      lua: "error(setmetatable({}, { __index = function() error('no') end, __tostring = function() return 'me' end }))",
      says: 'app.lua:3: me',
    },
    { what: 'a locked object', lua: 'error(setmetatable({}, { __metatable = 5 }))', says: 'app.lua:3: []' },
    { what: 'a structure', lua: "error(require('ffi').new('struct { int code; }'))", says: 'app.lua:3: cdata' },
    {
      what: 'an error of box with bytes',
      lua: "box.error({ code = 1, reason = 'a\\255b' })",
      says: 'app.lua:3: a\\xffb',
    },
    {
      what: 'anything, with json in disorder',
      lua: "require('json').encode = nil require('json').cfg{ encode_invalid_numbers = false } error('boom')",
      says: 'app.lua:3: boom',
    },
    {
      what: 'anything, with functions in disorder',
      lua: "string.format, string.gsub, table.concat, _G.pairs = nil error('boom')",
      says: 'app.lua:3: boom',
    },
    {
      what: 'an overflow of the stack',
      lua: 'local function f() return 1 + f() end f()',
      says: /app\.lua:3: stack overflow/,
    },
  ])('$what', async ({ lua, says }) => {
    const app = join(temporaryDirectory(), 'app.lua')
    writeFileSync(app, `\n\n${lua}\n`)
    const failure = (await newInstance({ appLua: app })
      .start()
      .catch(error => error)) as InitScriptError
    expect(failure).toBeInstanceOf(InitScriptError)
    expect(failure.summary).toMatch(says)
    expect([failure.file, failure.line]).toEqual([app, 3])
  })
})

test('something else that writes a report for the server is an error of the start', async () => {
  const wrapper = join(temporaryDirectory(), 'wrapper')
  const real = process.env.TARANTOOL_BIN ?? 'tarantool'
  const nonce = `sed -n 's/.*\\["nonce"\\]="\\([^"]*\\)".*/\\1/p' "$1"`
  writeFileSync(wrapper, `#!/bin/sh\n[ "$1" = --version ] || echo "$(${nonce}) ready {"\nexec '${real}' "$@"\n`, {
    mode: 0o755,
  })
  const failure = await newInstance({ commandToRun: wrapper })
    .start()
    .catch(error => error)
  expect(failure).toBeInstanceOf(InitScriptError)
  expect(failure.message).toMatch(/its report cannot be read: "ready \{"/)
})

test('a working server reports what is not ASCII, too', async () => {
  const instance = await startInstance({ title: 'ключ \u2028', appLua: 'box.cfg{} string.format = nil' })
  expect(await instance.eval('return 1')).toEqual([1])
})
