import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { BoxError, type InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory } from '../support/instances.ts'

interface Effect {
  what: string
  options: InstanceOptions
  lua: string
  is: unknown
}

describe('what an option makes of the server', () => {
  test.each<Effect>([
    { what: 'defaults: no WAL', options: {}, lua: 'return box.cfg.wal_mode', is: 'none' },
    { what: 'defaults: a tenth of a GB', options: {}, lua: 'return box.cfg.memtx_memory', is: 107_374_182 },
    { what: 'defaults: info', options: {}, lua: 'return box.cfg.log_level', is: 5 },
    { what: 'defaults: no reports to the vendor', options: {}, lua: 'return not box.cfg.feedback_enabled', is: true },
    { what: 'defaults: guest may define', options: {}, lua: "return box.schema.space.create('s') ~= nil", is: true },
    { what: 'title', options: { title: 'the title' }, lua: 'return box.cfg.custom_proc_title', is: 'the title' },
    { what: 'logLevel', options: { logLevel: 7 }, lua: 'return box.cfg.log_level', is: 7 },
    { what: 'slabAllocArena', options: { slabAllocArena: 0.25 }, lua: 'return box.cfg.memtx_memory', is: 2 ** 28 },
    { what: 'memtxMemory', options: { memtxMemory: 64 * 2 ** 20 }, lua: 'return box.cfg.memtx_memory', is: 2 ** 26 },
    { what: 'walMode', options: { walMode: 'write' }, lua: 'return box.cfg.wal_mode', is: 'write' },
    {
      what: 'extraBoxCfg',
      options: { extraBoxCfg: 'readahead = 32640, -- a note\n too_long_threshold = 7' },
      lua: 'return box.cfg.too_long_threshold',
      is: 7,
    },
    {
      what: 'extraBoxCfg over a named option',
      options: { extraBoxCfg: 'log_level = 6' },
      lua: 'return box.cfg.log_level',
      is: 6,
    },
    {
      what: 'boxCfg over extraBoxCfg and a named option',
      options: { boxCfg: { log_level: 4 }, logLevel: 5, extraBoxCfg: 'log_level = 6' },
      lua: 'return box.cfg.log_level',
      is: 4,
    },
    {
      what: 'an old name in boxCfg over a new one',
      options: { boxCfg: { slab_alloc_arena: 0.25 } },
      lua: 'return box.cfg.memtx_memory',
      is: 2 ** 28,
    },
    {
      what: 'a new name in boxCfg over an old one in extraBoxCfg',
      options: { boxCfg: { memtx_memory: 2 ** 26 }, extraBoxCfg: 'slab_alloc_arena = 1' },
      lua: 'return box.cfg.memtx_memory',
      is: 2 ** 26,
    },
    {
      what: 'nested and odd values in boxCfg',
      options: { boxCfg: { custom_proc_title: 'a "quoted"\n\\title\u0000é' } },
      lua: 'return box.cfg.custom_proc_title == \'a "quoted"\\n\\\\title\\0é\'',
      is: true,
    },
    {
      what: 'env',
      options: { env: { MY_VARIABLE: 'my value' } },
      lua: "return os.getenv('MY_VARIABLE')",
      is: 'my value',
    },
    { what: 'appLua as text', options: { appLua: 'answer = 42' }, lua: 'return answer', is: 42 },
    { what: 'four spaces in a text', options: { appLua: "text = 'a    b'" }, lua: 'return text', is: 'a    b' },
    {
      what: 'specifyWorkDir: false',
      options: { specifyWorkDir: false },
      lua: 'return box.cfg.work_dir == nil',
      is: true,
    },
    { what: 'consolePort over TCP', options: { consoleHost: '127.0.0.1' }, lua: 'return 1', is: 1 },
    { what: 'host localhost', options: { host: 'localhost' }, lua: 'return 1', is: 1 },
    { what: 'host 0.0.0.0', options: { host: '0.0.0.0' }, lua: 'return 1', is: 1 },
    { what: 'host *', options: { host: '*' }, lua: 'return 1', is: 1 },
    {
      what: 'an application that reads its stdin, which is empty',
      options: { appLua: 'read = io.read()' },
      lua: 'return read == nil',
      is: true,
    },
    {
      what: 'an application that closes what it does not need',
      options: {
        appLua: `local ffi = require('ffi') ffi.cdef('int close(int)') ffi.C.close(0) ffi.C.close(1)
          file = io.open('/dev/null') require('fiber').sleep(0.05)`,
      },
      lua: 'return io.type(file)',
      is: 'file',
    },
    {
      what: 'an application that calls box.cfg again',
      options: { appLua: 'box.cfg{ log_level = 6 }' },
      lua: 'return box.cfg.log_level',
      is: 6,
    },
  ])('$what', async ({ options, lua, is }) => {
    const instance = await startInstance(options)
    expect(await instance.eval(lua)).toEqual([is])
    expect(await instance.command('1')).toEqual([1])
  })
})

test('TT_ variables of the owner do not reach the server, those of the option do', async () => {
  process.env.TT_LOG_LEVEL = '1'
  const scrubbed = await startInstance()
  delete process.env.TT_LOG_LEVEL
  expect(await scrubbed.eval("return os.getenv('TT_LOG_LEVEL')")).toEqual([null])
  const given = await startInstance({ env: { TT_LOG_LEVEL: '5' } })
  expect(await given.eval("return os.getenv('TT_LOG_LEVEL')")).toEqual(['5'])
})

const hasIpv6 = Object.values(networkInterfaces()).some(addresses =>
  addresses?.some(({ address }) => address === '::1'),
)

test.skipIf(!hasIpv6)('an IPv6 address has brackets before its port (needs ::1)', async () => {
  const instance = await startInstance({ host: '::1', consoleHost: '::1' })
  const { port } = instance
  expect(instance.uri).toBe(`[::1]:${port}`)
  expect(instance.fingerprint).toBe(`Tarantool[[::1]:${port}]`)
  expect(await instance.eval('return box.cfg.listen, box.cfg.custom_proc_title')).toEqual([
    `[::1]:${port}`,
    `tnt[[::1]:${port}]`,
  ])
  expect(await instance.command('1')).toEqual([1])
})

test.each([
  {
    what: 'what a URI may hold',
    password: "a.b~c!d$e&f'g(h)i*j+k,l;m=n-o_p",
    inUri: "a.b~c!d$e&f'g(h)i*j+k,l;m=n-o_p",
  },
  { what: 'what it may not', password: 'a@b:c/d%e é', inUri: 'a%40b%3Ac%2Fd%25e%20%C3%A9' },
])('credentials of $what', async ({ password, inUri }) => {
  const instance = await startInstance({ credentials: { user: 'ann', password } })
  expect(instance.uri).toBe(`ann:${inUri}@127.0.0.1:${instance.port}`)
  expect(new URL(`tcp://${instance.uri}`).port).toBe(String(instance.port))
  expect(await instance.eval('return box.session.user()')).toEqual(['ann'])
  if (password === inUri)
    expect(await instance.eval("return require('net.box').connect(...):ping()", instance.uri)).toEqual([true])
})

test('a fixed port is the one that is listened on', async () => {
  const port = await TarantoolInstance.getRandomPort()
  const consolePort = await TarantoolInstance.getRandomPort()
  const instance = await startInstance({ port, consoleHost: '127.0.0.1', consolePort })
  expect([instance.port, instance.consolePort]).toEqual([port, consolePort])
  expect(await instance.eval('return 1')).toEqual([1])
  expect(await instance.command('1')).toEqual([1])
})

test.each([{}, { named: true }])(
  "host 'unix/' needs no TCP port at all: %o",
  async ({ named }: { named?: boolean }) => {
    const port = named ? join(temporaryDirectory(), 'chosen.sock') : undefined
    const instance = await startInstance({ host: 'unix/', port })
    if (named) expect(instance.port).toBe(port)
    expect(instance.uri).toBe(`unix/:${instance.port}`)
    expect(await instance.eval('return 1')).toEqual([1])
    const socket = String(instance.port)
    await instance.stop()
    expect(existsSync(socket)).toBe(false)
  },
)

test('credentials: that user may do all, guest nothing', async () => {
  const credentials = { user: 'ann', password: 'it\'s "secret"' }
  const instance = await startInstance({ credentials })
  expect(instance.credentials).toEqual(credentials)
  expect(instance.uri).toBe(`ann:it's%20%22secret%22@127.0.0.1:${instance.port}`)
  expect(await instance.eval('return box.session.user()')).toEqual(['ann'])
  expect(await instance.eval("return box.schema.space.create('s') ~= nil")).toEqual([true])
  const [, message] = await instance.eval(
    "local c = require('net.box').connect(...) return c.state, tostring(select(2, pcall(c.eval, c, 'return 1')))",
    `127.0.0.1:${instance.port}`,
  )
  expect(message).toMatch(/denied/)
})

test("credentials: 'random' makes up a password of its own each time, and admin can be the user", async () => {
  const [one, two] = await Promise.all([
    startInstance({ credentials: 'random' }),
    startInstance({ credentials: 'random' }),
  ])
  expect(one.credentials?.password).not.toBe(two.credentials?.password)
  expect(await one.eval('return box.session.user()')).toEqual([one.credentials?.user])
  const admin = await startInstance({ credentials: { user: 'admin', password: 'x' } })
  expect(await admin.eval('return box.session.user()')).toEqual(['admin'])
})

describe('the application', () => {
  function writeApp(files: Record<string, string>): string {
    const directory = temporaryDirectory()
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(directory, name, '..'), { recursive: true })
      writeFileSync(join(directory, name), text)
    }
    return directory
  }

  test('as a path, it requires the modules that stand beside it and in .rocks', async () => {
    const directory = writeApp({
      'app.lua':
        "#!/usr/bin/env tarantool\nfound = { require('near').name, require('deep').name, require('rock').name }",
      'near.lua': "return { name = 'near' }",
      'deep/init.lua': "return { name = 'deep' }",
      '.rocks/share/tarantool/rock.lua': "return { name = 'rock' }",
    })
    const instance = await startInstance({ appLua: join(directory, 'app.lua') })
    expect(await instance.eval('return found')).toEqual([['near', 'deep', 'rock']])
    expect(
      await instance.eval('return package.cpath:find(..., 1, true) ~= nil', `${directory}/.rocks/lib/tarantool/?.`),
    ).toEqual([true])
  })

  test.each([
    { what: 'spaces, quotes and other letters in its path', name: `it's "my" app é [1] %d.lua`, text: '' },
    { what: 'a byte order mark', name: 'app.lua', text: '\uFEFF' },
    { what: 'a byte order mark before a shebang', name: 'app.lua', text: '\uFEFF#!/usr/bin/env tarantool\n' },
    { what: 'line ends of Windows', name: 'app.lua', text: '#!/usr/bin/env tarantool\r\n\r\n' },
  ])('with $what: it runs, and its error has its place', async ({ name, text }) => {
    const directory = join(temporaryDirectory(), `in 'a' "dir" é`)
    mkdirSync(directory)
    const app = join(directory, name)
    writeFileSync(join(directory, 'near.lua'), 'return 42')
    writeFileSync(app, `${text}found = require('near')`)
    const instance = await startInstance({ appLua: app })
    expect(await instance.eval('return found')).toEqual([42])
    writeFileSync(app, `${text}error('boom')`)
    const line = text.split('\n').length
    await expect(instance.restart()).rejects.toMatchObject({ file: app, line })
  })

  test('appDir names another directory of modules', async () => {
    const directory = writeApp({ 'near.lua': "return { name = 'near' }" })
    const instance = await startInstance({ appDir: directory, appLua: "found = require('near').name" })
    expect(await instance.eval('return found')).toEqual(['near'])
  })

  test('what it prints is in the log', async () => {
    const instance = await startInstance({ appLua: "print('printed by the app')" })
    expect(await instance.grepLog('printed by the app')).toHaveLength(1)
  })

  test('it may declare C functions of the same names as the boot script', async () => {
    const instance = await startInstance({
      appLua: "require('ffi').cdef('long long dup(int); int getppid(int, int);') declared = true",
    })
    expect(await instance.eval('return declared')).toEqual([true])
  })
})

describe('initLuaTemplate', () => {
  test("asynctnt's way, value by value", async () => {
    const template = `
      box.cfg{
        listen = "<%& host %>:<%& port %>",
        wal_mode = <% walMode %>,
        custom_proc_title = <% title %>,
        slab_alloc_arena = <% slabAllocArena %>,
        work_dir = <% workDir %>,
        log_level = <% logLevel %>,
        replication = <% replicationSource %>,
        <%& extraBoxCfg %>
      }
      box.schema.user.grant("guest", "super", nil, nil, { if_not_exists = true })
      from_template = {{ 1, 2 }}
      <%& appLua %>`
    const instance = await startInstance({
      initLuaTemplate: template,
      extraBoxCfg: 'readahead = 32640',
      appLua: 'from_app = true',
      title: 't',
    })
    expect(await instance.eval('return box.cfg.readahead, box.cfg.custom_proc_title, from_template, from_app')).toEqual(
      [32640, 't', [[1, 2]], true],
    )
  })

  test('knows nothing of the lifeline, the console and the marker, and has them', async () => {
    const instance = await startInstance({ initLuaTemplate: 'box.cfg(<% boxCfg %>)' })
    expect(await instance.command('box.info.status')).toEqual(['running'])
    await expect(instance.eval('return 1')).rejects.toThrow(BoxError)
  })

  test.each([
    { what: 'line ends of Windows', mark: '', end: '\r\n' },
    { what: 'a byte order mark', mark: '\uFEFF', end: '\n' },
  ])('may have $what', async ({ mark, end }) => {
    const lines = ['<%# user %>', 'never = true', '<%/ user %>', 'box.cfg(<% boxCfg %>)', '<%& appLua %>', '']
    const path = join(temporaryDirectory(), 'init.lua')
    writeFileSync(path, mark + lines.join(end))
    const instance = await startInstance({ initLuaTemplate: path, appLua: 'from_app = true' })
    expect(await instance.command('never, from_app')).toEqual([null, true])
    writeFileSync(path, mark + [...lines, 'x = nil + 1'].join(end))
    await expect(instance.restart()).rejects.toMatchObject({ file: path, line: 7 })
  })

  test('may be a file', async () => {
    const path = join(temporaryDirectory(), 'init.lua')
    writeFileSync(path, 'box.cfg(<% boxCfg %>)\nfrom_file = true')
    const instance = await startInstance({ initLuaTemplate: path })
    expect(await instance.command('from_file')).toEqual([true])
  })
})

describe('the directory', () => {
  test('stands below root, one per instance', async () => {
    const root = temporaryDirectory()
    const instances = await Promise.all([startInstance({ root }), startInstance({ root })])
    expect(contentOf(root)).toHaveLength(2)
    for (const { workDir } of instances) expect(join(workDir, '..')).toBe(root)
    expect(await instances[0].eval('return box.cfg.work_dir')).toEqual([instances[0].workDir])
  })

  describe('without a root', () => {
    const before = process.env.TMPDIR
    afterEach(() => {
      if (before === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before
    })

    test('stands in the temporary directory, and elsewhere where its path is too long for sockets', async () => {
      const short = temporaryDirectory()
      const long = join(short, 'x'.repeat(100))
      mkdirSync(long)
      process.env.TMPDIR = short
      expect(newInstance().workDir).toContain(`${short}/`)
      process.env.TMPDIR = long
      const instance = await startInstance({ host: 'unix/' })
      expect(instance.workDir).not.toContain(short)
      expect(await instance.command('1')).toEqual([1])
    })

    test('may stand behind a link', async () => {
      const link = join(temporaryDirectory(), 'link')
      symlinkSync(temporaryDirectory(), link)
      process.env.TMPDIR = link
      const instance = await startInstance()
      expect(join(instance.workDir, '..', '..')).toBe(link)
      await instance.stop()
      expect(contentOf(link)).toEqual([])
    })
  })

  test('root is made when it is not there', async () => {
    const root = join(temporaryDirectory(), 'deep', 'er')
    await startInstance({ root })
    expect(statSync(root).isDirectory()).toBe(true)
  })

  test.each<{ options: InstanceOptions; after: 'stop' | 'failure'; stays: boolean }>([
    { options: {}, after: 'stop', stays: false },
    { options: {}, after: 'failure', stays: false },
    { options: { keep: 'on-failure' }, after: 'stop', stays: false },
    { options: { keep: 'on-failure' }, after: 'failure', stays: true },
    { options: { keep: 'always' }, after: 'stop', stays: true },
    { options: { keep: 'always' }, after: 'failure', stays: true },
    { options: { cleanup: false }, after: 'stop', stays: true },
  ])('$options, after a $after: stays $stays', async ({ options, after, stays }) => {
    const root = temporaryDirectory()
    const instance = newInstance({ root, ...options, ...(after === 'failure' && { appLua: "error('boom')" }) })
    const started = instance.start()
    if (after === 'failure') await expect(started).rejects.toThrow(stays ? instance.logFile : 'boom')
    else await started
    await instance.stop()
    expect(contentOf(root)).toHaveLength(stays ? 1 : 0)
    if (stays) expect(contentOf(instance.workDir)).toContain('tarantool.log')
  })

  test('a crash leaves the directory until the stop, and with keep: on-failure after it', async () => {
    const root = temporaryDirectory()
    const instance = await startInstance({ root, keep: 'on-failure' })
    instance.process?.kill()
    await instance.waitStopped()
    await instance.stop()
    expect(contentOf(root)).toHaveLength(1)
  })
})

test('commandToRun and commandArgs may wrap the server', async () => {
  const instance = await startInstance({
    commandToRun: 'env',
    commandArgs: ['WRAPPED=yes', process.env.TARANTOOL_BIN ?? 'tarantool'],
  })
  expect(await instance.eval("return os.getenv('WRAPPED')")).toEqual(['yes'])
  expect((await instance.binVersion()).text).toBe(instance.version().text)
})
