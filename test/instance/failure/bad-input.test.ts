import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { InstanceOptions, TarantoolFixtureError } from '../../../src/index.ts'
import * as fixture from '../../../src/index.ts'
import { contentOf, newInstance, temporaryDirectory } from '../../support/instances.ts'
import { serversBelow } from '../../support/processes.ts'

const failureOf = async (options: InstanceOptions): Promise<TarantoolFixtureError> =>
  await newInstance(options)
    .start()
    .then(
      () => expect.fail('it started'),
      error => error as TarantoolFixtureError,
    )

function writeLua(name: string, text: string): string {
  const path = join(temporaryDirectory(), name)
  writeFileSync(path, text)
  return path
}

interface Refused {
  what: string
  options: object
  error: keyof typeof fixture
  says: string | RegExp
}

describe('options that are refused before anything is made', () => {
  test.each<Refused>([
    { what: 'an unknown option', options: { appLau: '' }, error: 'UnknownOptionError', says: "Did you mean 'appLua'?" },
    { what: "asynctnt's own spelling", options: { wal_mode: 'none' }, error: 'UnknownOptionError', says: "'walMode'" },
    {
      what: 'a name near to none',
      options: { zzzzzz: 1 },
      error: 'UnknownOptionError',
      says: 'Options: access, appDir',
    },
    {
      what: 'a wrong type',
      options: { timeout: '5' },
      error: 'InvalidOptionError',
      says: /'timeout' must be .*number.*"5"/i,
    },
    {
      what: 'a nested wrong type',
      options: { credentials: { user: 1 } },
      error: 'InvalidOptionError',
      says: "'credentials' must be 'random' or",
    },
    { what: 'a port out of range', options: { port: 70_000 }, error: 'InvalidOptionError', says: 'from 1 to 65535' },
    { what: 'port zero', options: { port: 0 }, error: 'InvalidOptionError', says: 'leave it out for a free one' },
    { what: 'a fraction', options: { logLevel: 1.5 }, error: 'InvalidOptionError', says: "'logLevel'" },
    {
      what: 'a log level out of range',
      options: { logLevel: 8 },
      error: 'InvalidOptionError',
      says: '0 (fatal) to 7 (debug)',
    },
    {
      what: 'an unknown WAL mode',
      options: { walMode: 'on' },
      error: 'InvalidOptionError',
      says: "'none', 'write' or 'fsync'",
    },
    { what: 'no memory', options: { memtxMemory: 0 }, error: 'InvalidOptionError', says: "'memtxMemory'" },
    {
      what: 'two names of the memory',
      options: { memtxMemory: 1, slabAllocArena: 1 },
      error: 'InvalidOptionError',
      says: 'two names of one value',
    },
    {
      what: 'two names in boxCfg',
      options: { boxCfg: { slab_alloc_arena: 1, memtx_memory: 1 } },
      error: 'InvalidOptionError',
      says: "Keep 'memtx_memory'",
    },
    {
      what: 'listen in boxCfg',
      options: { boxCfg: { listen: 3301 } },
      error: 'InvalidOptionError',
      says: 'use host and port',
    },
    {
      what: 'a value that Lua has no literal for',
      options: { boxCfg: { log: Symbol('x') } },
      error: 'InvalidOptionError',
      says: "'boxCfg.log'",
    },
    { what: 'a path as TCP port', options: { port: '/tmp/x' }, error: 'InvalidOptionError', says: "host: 'unix/'" },
    {
      what: 'a number as socket path',
      options: { host: 'unix/', port: 3301 },
      error: 'InvalidOptionError',
      says: 'path of a socket',
    },
    {
      what: 'cleanup against keep',
      options: { cleanup: false, keep: 'never' },
      error: 'InvalidOptionError',
      says: 'contradict',
    },
    {
      what: 'guest with a password',
      options: { credentials: { user: 'guest', password: 'x' } },
      error: 'InvalidOptionError',
      says: 'guest',
    },
    ...[{ uids: 'all' }, { uids: ['ann'] }, { uids: [-1] }, { uids: [1.5] }, { uid: 1 }, 'all', [1001]].map(access => ({
      what: `access of ${JSON.stringify(access)}`,
      options: { access },
      error: 'InvalidOptionError' as const,
      says: "'access' must be 'any' or an object { uids } with a list of numeric user ids",
    })),
    {
      what: 'user ids where no connection has one',
      options: { host: '0.0.0.0', access: { uids: [1001] } },
      error: 'InvalidOptionError',
      says: /'access.uids' cannot be used with host: "0.0.0.0": .*\n.*TARANTOOL_PASSWORD/,
    },
    {
      what: 'a missing appLua',
      options: { appLua: './no/such.lua' },
      error: 'LuaFileError',
      says: /the file .*no\/such\.lua does not exist/,
    },
    {
      what: 'a missing template',
      options: { initLuaTemplate: './no/such.lua' },
      error: 'LuaFileError',
      says: 'initLuaTemplate',
    },
    { what: 'a missing appDir', options: { appDir: './no/such' }, error: 'LuaFileError', says: 'appDir' },
    { what: 'a host with a port', options: { host: 'localhost:3301' }, error: 'InvalidOptionError', says: "to 'port'" },
    {
      what: 'a socket as host',
      options: { consoleHost: 'unix/:/tmp/x' },
      error: 'InvalidOptionError',
      says: "Put the port into 'consolePort'",
    },
    { what: 'no object', options: [], error: 'InvalidOptionError', says: 'must be an object' },
    {
      what: 'a replication source that is not one',
      options: { replicationSource: [] },
      error: 'InvalidOptionError',
      says: 'URI',
    },
  ])('$what', ({ options, error, says }) => {
    expect(() => newInstance(options as InstanceOptions)).toThrow(says)
    expect(() => newInstance(options as InstanceOptions)).toThrow(fixture[error] as typeof TarantoolFixtureErrorClass)
  })
})
const TarantoolFixtureErrorClass = fixture.TarantoolFixtureError

interface Failing extends Refused {
  options: InstanceOptions
  hasLog?: boolean
}

describe('starts that fail', () => {
  const unbalanced = 'box.cfg(<% boxCfg %>)\n\n<%# user %>\n'
  test.each<Failing>([
    {
      what: 'an unknown name in the template',
      options: { initLuaTemplate: '\nbox.cfg(<% boxCgf %>)' },
      error: 'TemplateError',
      says: /initLuaTemplate:2: unknown name 'boxCgf'.*\n.*'boxCfg'/,
    },
    {
      what: 'an unclosed section',
      options: { initLuaTemplate: unbalanced },
      error: 'TemplateError',
      says: /initLuaTemplate:\d: Unclosed section "user"/,
    },
    {
      what: 'an unclosed tag',
      options: { initLuaTemplate: '\n\nbox.cfg(<% boxCfg' },
      error: 'TemplateError',
      says: 'initLuaTemplate:3: Unclosed tag',
    },
    {
      what: 'a console of its own',
      options: { initLuaTemplate: '<% consolePort %>' },
      error: 'TemplateError',
      says: 'Remove the line',
    },
    { what: 'a partial', options: { initLuaTemplate: '<%> other %>' }, error: 'TemplateError', says: 'partials' },
    {
      what: 'a template without box.cfg',
      options: { initLuaTemplate: 'local x = 1' },
      error: 'InitScriptError',
      says: 'never called box.cfg',
    },
    {
      what: 'an error in the template',
      options: { initLuaTemplate: 'box.cfg(<% boxCfg %>)\n<%# user %>\n<%/ user %>\nlocal x = nil + 1' },
      error: 'InitScriptError',
      says: 'initLuaTemplate:4: attempt to perform arithmetic',
      hasLog: true,
    },
    {
      what: 'a syntax error in the template',
      options: { initLuaTemplate: '<%! note %>\nbox.cfg(<% boxCfg %>)\nlocal = 1' },
      error: 'InitScriptError',
      says: 'initLuaTemplate:3: ',
    },
    {
      what: 'a syntax error in appLua',
      options: { appLua: 'local x = 1\nlocal = 2' },
      error: 'InitScriptError',
      says: 'appLua:2: ',
      hasLog: true,
    },
    {
      what: 'a runtime error in appLua',
      options: { appLua: "\n\nerror('boom')" },
      error: 'InitScriptError',
      says: 'appLua:3: boom',
      hasLog: true,
    },
    {
      what: 'an error that is a table',
      options: { appLua: "error({ reason = 'boom' })" },
      error: 'InitScriptError',
      says: 'appLua:1: {"reason":"boom"}',
      hasLog: true,
    },
    {
      what: 'an error of box in appLua',
      options: { appLua: '\nbox.space._space:insert({ 1 })' },
      error: 'InitScriptError',
      says: 'appLua:2: ',
      hasLog: true,
    },
    {
      what: 'vinyl without a WAL',
      options: { appLua: "box.schema.space.create('v', { engine = 'vinyl' }):create_index('pk')" },
      error: 'InitScriptError',
      says: "walMode: 'write'",
      hasLog: true,
    },
    {
      what: 'an unknown box.cfg option',
      options: { boxCfg: { no_such_option: 1 } },
      error: 'BoxCfgError',
      says: "refused 'no_such_option'",
    },
    {
      what: 'a box.cfg value that is refused',
      options: { boxCfg: { readahead: -1 } },
      error: 'BoxCfgError',
      says: "refused 'readahead'",
    },
    {
      what: 'an unknown option in extraBoxCfg',
      options: { extraBoxCfg: 'no_such_option = 1' },
      error: 'BoxCfgError',
      says: "refused 'no_such_option'",
    },
    {
      what: 'a syntax error in extraBoxCfg',
      options: { extraBoxCfg: 'readahead = 1,\n= 2' },
      error: 'InitScriptError',
      says: 'extraBoxCfg:2: ',
    },
    {
      what: 'listen in extraBoxCfg',
      options: { extraBoxCfg: 'listen = 3301' },
      error: 'InitScriptError',
      says: 'use host and port',
    },
    {
      what: 'a server that exits',
      options: { appLua: 'os.exit(3)' },
      error: 'ServerExitedError',
      says: 'exited with code 3 before it was ready',
      hasLog: true,
    },
    {
      what: 'a server that exits as if all were well',
      options: { appLua: 'os.exit(0)' },
      error: 'ServerExitedError',
      says: /exited with code 0 before it was ready(.|\n)*os\.exit/,
      hasLog: true,
    },
    {
      what: 'an init script that moves the server elsewhere',
      options: { initLuaTemplate: "box.cfg{ listen = '127.0.0.1:0' }" },
      error: 'InitScriptError',
      says: /listens on '127\.0\.0\.1:\d+'(.|\n)*listen = <% listen %>/,
      hasLog: true,
    },
    {
      what: 'an application whose own box.cfg comes too late',
      options: { appLua: "local spaces = box.space\nbox.cfg{ wal_mode = 'write' }" },
      error: 'BoxCfgError',
      says: /refused 'wal_mode': appLua:2: (.|\n)*called box\.cfg before, because .* uses box\.space in appLua:1 before its own box\.cfg/,
      hasLog: true,
    },
    {
      what: 'an error that is nil',
      options: { appLua: 'error()' },
      error: 'InitScriptError',
      says: 'appLua:1: nil',
      hasLog: true,
    },
    {
      what: 'an environment that is too big to run anything in',
      options: { env: { BIG: 'x'.repeat(200_000) } },
      error: 'BinaryNotExecutableError',
      says: 'E2BIG',
    },
    {
      what: 'an environment that the system has no form for',
      options: { env: { ODD: 'a\0b' } },
      error: 'BinaryNotExecutableError',
      says: 'null bytes',
    },
    {
      what: 'a free port on an address that is not ours',
      options: { host: '192.0.2.1' },
      error: 'InvalidOptionError',
      says: "no server can listen on '192.0.2.1'",
    },
    {
      what: 'a server that is killed',
      options: { appLua: "require('ffi').cdef('int raise(int)') require('ffi').C.raise(9)" },
      error: 'ServerKilledError',
      says: 'killed by SIGKILL',
      hasLog: true,
    },
    {
      what: 'a server that hangs',
      options: { appLua: "require('log').info('so far') require('fiber').sleep(1000)", timeout: 2000 },
      error: 'StartTimeoutError',
      says: /not ready within 2000 ms(.|\n)*so far/,
      hasLog: true,
    },
    {
      what: 'a server whose Lua never yields',
      options: { appLua: 'while true do end', timeout: 700 },
      error: 'StartTimeoutError',
      says: 'not ready within 700 ms',
      hasLog: true,
    },
    {
      what: 'an address that is not ours',
      options: { host: '192.0.2.1', port: 3301 },
      error: 'ServerExitedError',
      says: /bind/,
      hasLog: true,
    },
    {
      what: 'a missing binary',
      options: { commandToRun: '/no/such/tarantool' },
      error: 'BinaryNotFoundError',
      says: 'commandToRun',
    },
    {
      what: 'a binary that is none',
      options: { commandToRun: '/bin/echo' },
      error: 'NotTarantoolError',
      says: '/bin/echo',
    },
    {
      what: 'a path that is too long',
      options: { host: 'unix/', port: `/tmp/${'x'.repeat(120)}` },
      error: 'SocketPathTooLongError',
      says: 'x'.repeat(120),
    },
  ])('$what', async ({ options, error, says, hasLog = false }) => {
    const root = temporaryDirectory()
    const failure = await failureOf({ root, ...options })
    expect(failure).toBeInstanceOf(fixture[error])
    expect(failure.message).toMatch(says)
    expect(failure.message).toContain(`[${failure.code}]`)
    if (hasLog) expect(failure.logTail.length).toBeGreaterThan(0)
    expect(contentOf(root)).toEqual([])
    // What left the server's process group sees its lifeline end.
    if (process.platform === 'linux') await expect.poll(() => serversBelow(root)).toEqual([])
  })

  test('in a file, the error has its path and line, and a module its own', async () => {
    const app = writeLua('application-with-a-name-that-is-longer-than-lua-shows.lua', "\nrequire('broken')\n")
    const failure = (await failureOf({ appLua: app, appDir: join(app, '..') })) as fixture.InitScriptError
    expect(failure.file).toBe(app)
    expect(failure.line).toBe(2)
    expect(failure.message).toContain(`${app}:2: module 'broken' not found`)
    writeFileSync(join(app, '..', 'broken.lua'), 'local x\nx.y = 1\n')
    const inModule = (await failureOf({ appLua: app })) as fixture.InitScriptError
    expect(inModule.file).toBe(join(app, '..', 'broken.lua'))
    expect(inModule.line).toBe(2)
  })

  test('the error has the last 50 lines of the log', async () => {
    const failure = await failureOf({
      appLua: "for i = 1, 100 do require('log').info('line %d of 100', i) end require('ffi').C.raise(9)",
      initLuaTemplate: "require('ffi').cdef('int raise(int)') box.cfg(<% boxCfg %>) <% appLua %>",
    })
    expect(failure.logTail).toHaveLength(50)
    expect(failure.logTail[0]).toContain('line 51 of 100')
    expect(failure.logTail.at(-1)).toContain('line 100 of 100')
  })

  test('a root that is a file', async () => {
    const failure = await failureOf({ root: writeLua('file', '') })
    expect(failure).toBeInstanceOf(fixture.RootNotWritableError)
  })

  test('a root that is not writable', async () => {
    const root = temporaryDirectory()
    chmodSync(root, 0o500)
    const failure = process.getuid?.() === 0 ? undefined : await failureOf({ root })
    // Root may write everywhere: /proc is the place where even it may not.
    expect(failure ?? (await failureOf({ root: '/proc' }))).toBeInstanceOf(fixture.RootNotWritableError)
  })

  // Node's own recursive mkdir never returns below /proc.
  test.skipIf(process.platform !== 'linux').each([{ root: '/proc/none' }, { root: '/proc/none/below' }])(
    'a root that cannot be made: $root',
    async ({ root }) => {
      const failure = await failureOf({ root })
      expect(failure).toBeInstanceOf(fixture.RootNotWritableError)
      expect(failure.message).toMatch(/cannot make the directory \/proc\/none.*\n.*the option 'root'/)
    },
  )

  test.each([
    {
      what: 'the init script',
      spoil: (directory: string) => mkdirSync(join(directory, 'init.lua')),
      error: fixture.RootNotWritableError,
    },
    {
      what: 'the log',
      spoil: (directory: string) => mkdirSync(join(directory, 'tarantool.log')),
      error: fixture.RootNotWritableError,
    },
  ])('a directory in which $what cannot be written', async ({ spoil, error }) => {
    const root = temporaryDirectory()
    const instance = newInstance({ root })
    await instance.prepare()
    for (const name of contentOf(instance.workDir)) if (name.endsWith('.lua')) rmSync(join(instance.workDir, name))
    spoil(instance.workDir)
    const started = instance.start({ recreate: false })
    await expect(started).rejects.toThrow(error)
    await instance.stop()
    expect(contentOf(root)).toEqual([])
  })

  test('an application that has gone since the options were checked', async () => {
    const root = temporaryDirectory()
    const app = writeLua('app.lua', '')
    const instance = newInstance({ root, appLua: app })
    rmSync(app)
    await expect(instance.start()).rejects.toThrow(fixture.LuaFileError)
    expect(contentOf(root)).toEqual([])
  })

  test('a failed start does not spoil the next one', async () => {
    const directory = temporaryDirectory()
    const app = join(directory, 'app.lua')
    writeFileSync(app, "error('boom')")
    const instance = newInstance({ appLua: app })
    await expect(instance.start()).rejects.toThrow('boom')
    writeFileSync(app, 'works = true')
    await instance.start()
    expect(await instance.eval('return works')).toEqual([true])
  })
})

const isRoot = process.getuid?.() === 0

// The directory, its marker and the files of a start are inodes 2 to 6; the sockets and the snapshot follow.
const fullFileSystems: Readonly<Record<string, RegExp>> = {
  'nr_inodes=1': /^cannot make the directory .*no space left/,
  'nr_inodes=2': /^cannot make the directory .*no space left/,
  'nr_inodes=3': /^cannot write to .*no space left/,
  'nr_inodes=5': /^cannot open the log in .*no space left/,
  'nr_inodes=6': /^Tarantool\[.*\] cannot open its console .*No space left on device/,
  'nr_inodes=8': /^Tarantool\[.*\] could not write its files: .*\.snap.*: No space left on device/,
  'size=4k': /^cannot write to .*no space left/,
  'size=16k': /^Tarantool\[.*\] could not write its files: .*\.snap.*: No space left on device/,
}

test.skipIf(!isRoot).each(Object.entries(fullFileSystems))(
  'a file system without room: %s (as root only: it mounts one)',
  async (option, message) => {
    const root = temporaryDirectory()
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `${option},mode=700`, 'tmpfs', root])
    if (mounted.status !== 0) return // No mounts in this container.
    try {
      const failure = await failureOf({ root })
      expect(failure).toBeInstanceOf(fixture.RootNotWritableError)
      expect((failure as fixture.RootNotWritableError).summary).toMatch(message)
      expect(failure.hint).toMatch(/inodes.*the option 'root'/i)
      expect(contentOf(root)).toEqual([])
    } finally {
      spawnSync('umount', ['-l', root])
    }
  },
)

describe('addresses in use', () => {
  async function takePort(): Promise<number> {
    const server: Server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return (server.address() as { port: number }).port
  }

  test('a port that the user fixed', async () => {
    const port = await takePort()
    const failure = await failureOf({ port })
    expect(failure).toBeInstanceOf(fixture.PortTakenError)
    expect(failure.message).toContain(`127.0.0.1:${port}`)
    expect(failure.logTail.length).toBeGreaterThan(0)
  })

  test('a console port that the user fixed', async () => {
    const consolePort = await takePort()
    const failure = await failureOf({ consolePort })
    expect(failure).toBeInstanceOf(fixture.PortTakenError)
    expect(failure.message).toContain(`127.0.0.1:${consolePort}`)
  })

  test('a socket that another server has', async () => {
    const path = join(temporaryDirectory(), 'one.sock')
    const first = newInstance({ host: 'unix/', port: path })
    await first.start()
    const failure = await failureOf({ host: 'unix/', port: path })
    expect(failure).toBeInstanceOf(fixture.PortTakenError)
    expect(await first.eval('return 1')).toEqual([1])
  })
})
