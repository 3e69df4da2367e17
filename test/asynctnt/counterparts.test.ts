import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type InstanceOptions, TarantoolProcess, TarantoolSyncInstance, TarantoolSyncProcess } from '../../src/index.ts'
import { contentOf, isAlive, temporaryDirectory } from '../support/instances.ts'
import { classes, type Either, make, start } from './classes.ts'

const cfg = async (instance: Either, name: string): Promise<unknown> =>
  (await instance.eval(`return box.cfg.${name}`))[0]

describe.each(classes)('$name: what each option of asynctnt does', ({ Class }) => {
  test.each<{ option: string; options: InstanceOptions; name: string; is: unknown }>([
    { option: 'log_level', options: { logLevel: 6 }, name: 'log_level', is: 6 },
    { option: 'log_level, by default', options: {}, name: 'log_level', is: 5 },
    { option: 'slab_alloc_arena', options: { slabAllocArena: 0.0625 }, name: 'memtx_memory', is: 2 ** 26 },
    { option: 'slab_alloc_arena, by default', options: {}, name: 'memtx_memory', is: Math.floor(0.1 * 2 ** 30) },
    { option: 'wal_mode', options: { walMode: 'write' }, name: 'wal_mode', is: 'write' },
    { option: 'wal_mode, by default', options: {}, name: 'wal_mode', is: 'none' },
    { option: 'title', options: { title: 'a title' }, name: 'custom_proc_title', is: 'a title' },
    { option: 'extra_box_cfg', options: { extraBoxCfg: 'readahead = 32640' }, name: 'readahead', is: 32_640 },
    { option: 'specify_work_dir', options: { specifyWorkDir: false }, name: 'work_dir', is: null },
  ])('$option', async ({ options, name, is }) => {
    expect(await cfg(await start(Class, options), name)).toBe(is)
  })

  test('host, port and title, by default: an address of its own, and in the title', async () => {
    const [one, other] = [await start(Class), await start(Class)]
    expect([one.host, one.port === other.port]).toEqual(['127.0.0.1', false])
    expect(await cfg(one, 'custom_proc_title')).toBe(`tnt[127.0.0.1:${one.port}]`)
    expect(await cfg(one, 'listen')).toBe(`127.0.0.1:${one.port}`)
  })

  test('host and port', async () => {
    const port = await Class.getRandomPort()
    const instance = await start(Class, { host: 'localhost', port })
    expect([instance.host, instance.port]).toEqual(['localhost', port])
    expect(await instance.eval('return 1')).toEqual([1])
  })

  test('console_host and console_port', async () => {
    const consolePort = await Class.getRandomPort()
    const instance = await start(Class, { consoleHost: '127.0.0.1', consolePort })
    expect([instance.consoleHost, instance.consolePort]).toEqual(['127.0.0.1', consolePort])
    expect(await instance.command('box.info.status')).toEqual(['running'])
    const unasked = await start(Class)
    expect([unasked.consoleHost, dirname(String(unasked.consolePort))]).toEqual(['unix/', unasked.workDir])
  })

  test('replication_source: a string, a list, and set between starts', async () => {
    const master = await start(Class, { walMode: 'write', appLua: "box.schema.space.create('of_master')" })
    const replica = make(Class, { replicationSource: master.uri })
    expect(replica.replicationSource).toBe(master.uri)
    await replica.start()
    expect(await replica.eval('return box.space.of_master ~= nil')).toEqual([true])
    replica.replicationSource = [master.uri]
    await replica.restart()
    expect(replica.replicationSource).toEqual([master.uri])
    expect(await replica.eval('return #box.cfg.replication, box.space.of_master ~= nil')).toEqual([1, true])
  })

  test('logger gets the lines of the log', async () => {
    const lines: string[] = []
    const logger = (line: string): void => void lines.push(line)
    const instance = await start(Class, { logger })
    await instance.eval("require('log').info('a line of mine')")
    await instance.stop()
    expect(lines.filter(line => line.endsWith('a line of mine'))).toHaveLength(1)
    expect(instance.logger).toBe(logger)
  })

  test('root, and cleanup: the directory of an instance goes, unless it is to stay', async () => {
    const root = temporaryDirectory()
    for (const cleanup of [true, false]) {
      const instance = await start(Class, { root, cleanup })
      expect(dirname(instance.workDir)).toBe(root)
      expect(await cfg(instance, 'work_dir')).toBe(instance.workDir)
      await instance.stop()
      expect(existsSync(instance.workDir)).toBe(!cleanup)
    }
  })

  test('initlua_template, with the names of asynctnt in camelCase', async () => {
    const instance = await start(Class, {
      initLuaTemplate: `
        box.cfg{
          listen = '<%& host %>:<%& port %>', wal_mode = '<%& walMode %>', custom_proc_title = '<%& title %>',
          slab_alloc_arena = <%& slabAllocArena %>, work_dir = <% workDir %>, log_level = <%& logLevel %>,
          replication = <% replicationSource %>, <%& extraBoxCfg %>
        }
        box.schema.user.grant('guest', 'read,write,execute', 'universe', nil, { if_not_exists = true })
        <%& appLua %>`,
      appLua: 'answer = 42',
      extraBoxCfg: 'readahead = 32640',
    })
    expect(await instance.eval('return answer, box.cfg.readahead')).toEqual([42, 32_640])
  })

  test('applua', async () => {
    expect(await (await start(Class, { appLua: 'answer = 42' })).eval('return answer')).toEqual([42])
  })

  test('timeout: when it is over the start fails, and nothing runs', async () => {
    const root = temporaryDirectory()
    const instance = make(Class, { root, timeout: 200, appLua: "require('fiber').sleep(100)" })
    await expect((async () => await instance.start())()).rejects.toMatchObject({ code: 'ERR_TARANTOOL_START_TIMEOUT' })
    expect([instance.pid, contentOf(root)]).toEqual([undefined, []])
  })

  test('command_to_run and command_args', async () => {
    const tarantool = process.env.TARANTOOL_BIN ?? 'tarantool'
    const instance = await start(Class, { commandToRun: 'env', commandArgs: ['WRAPPED=yes', tarantool] })
    expect(await instance.eval("return os.getenv('WRAPPED')")).toEqual(['yes'])
  })
})

describe.each(classes)('$name: what each method and property of asynctnt does', ({ Class }) => {
  test('get_random_port', async () => {
    expect(await Class.getRandomPort()).toBeGreaterThan(1023)
  })

  test('prepare(recreate) writes the init script, and empties the directory or does not', async () => {
    const instance = make(Class, { title: 'prepared' })
    const path = await instance.prepare()
    expect(readFileSync(path, 'utf8')).toContain('"prepared"')
    const mine = join(instance.workDir, 'mine')
    writeFileSync(mine, '')
    await instance.prepare({ recreate: false })
    expect(existsSync(mine)).toBe(true)
    await instance.prepare({ recreate: true })
    expect(existsSync(mine)).toBe(false)
    await instance.cleanup()
  })

  test('start(wait, recreate)', async () => {
    const instance = make(Class, { walMode: 'write', appLua: "box.schema.space.create('s', { if_not_exists = true })" })
    await instance.start({ wait: false })
    expect(instance.pid).toBeGreaterThan(0)
    await instance.ready()
    const id = await instance.eval('return box.space.s.id, box.info.uuid')
    await instance.stop({ cleanup: false })
    await instance.start({ recreate: false })
    expect(await instance.eval('return box.space.s.id, box.info.uuid')).toEqual(id)
    await instance.stop({ cleanup: false })
    await instance.start({ recreate: true })
    expect(await instance.eval('return box.space.s.id, box.info.uuid')).not.toEqual(id)
  })

  test('is_running, pid, fingerprint, and port and console_port over a restart', async () => {
    const instance = make(Class)
    expect([instance.isRunning, instance.pid]).toEqual([false, undefined])
    await instance.start()
    const { port, consolePort } = instance
    expect([instance.isRunning, isAlive(instance.pid as number)]).toEqual([true, true])
    expect(instance.fingerprint).toBe(`Tarantool[127.0.0.1:${port}]`)
    await instance.restart()
    expect([instance.port, instance.consolePort]).toEqual([port, consolePort])
    await instance.stop()
    expect([instance.isRunning, instance.pid]).toEqual([false, undefined])
  })

  test.each(['stop', 'terminate', 'kill'] as const)('%s ends the server, and is over when it has ended', async end => {
    const instance = await start(Class)
    const { workDir } = instance
    const pid = instance.pid as number
    await instance[end]()
    expect([isAlive(pid), existsSync(workDir), instance.isRunning]).toEqual([false, false, false])
  })

  test('command(cmd) returns a list of values', async () => {
    const instance = await start(Class)
    expect(await instance.command('1, "two", { 3 }')).toEqual([1, 'two', [3]])
  })

  test('command(print_greeting) gives the greeting of the console to the logger', async () => {
    const lines: string[] = []
    const instance = await start(Class, { logger: line => void lines.push(line) })
    const greetings = (): string[] =>
      lines.filter(line => line.startsWith('Tarantool ') && line.includes('(Lua console)'))
    await instance.command('1')
    await instance.command('1', { printGreeting: false })
    expect(greetings()).toEqual([])
    expect(await instance.command('2', { printGreeting: true })).toEqual([2])
    expect(greetings()).toHaveLength(1)
    expect(lines.filter(line => line.startsWith("type 'help'"))).toHaveLength(1)
    expect(await (await start(Class)).command('3', { printGreeting: true })).toEqual([3])
  })

  test('version and bin_version', async () => {
    const instance = await start(Class)
    const [text] = await instance.command('box.info.version')
    const { major, minor, patch } = instance.version()
    expect(instance.version().text).toBe(text)
    expect(String(text).startsWith(`${major}.${minor}.${patch}`)).toBe(true)
    expect(await make(Class).binVersion()).toEqual(instance.version())
  })

  test('wait_stopped', async () => {
    const instance = await start(Class)
    await instance.eval("require('fiber').create(function() require('fiber').sleep(0.05) os.exit(3) end)")
    expect(await instance.waitStopped()).toEqual({ exitCode: 3, signal: undefined })
  })

  test('cleanup removes what prepare made', async () => {
    const instance = make(Class)
    await instance.prepare()
    await instance.cleanup()
    expect(existsSync(instance.workDir)).toBe(false)
  })

  test('the protocol: pid, wait, send_signal, returncode', async () => {
    const instance = await start(Class)
    const { process: child } = instance
    if (!child) throw new Error('no process')
    expect(child instanceof TarantoolProcess || child instanceof TarantoolSyncProcess).toBe(true)
    expect([child.pid, child.exitCode]).toEqual([instance.pid, undefined])
    expect(child.sendSignal('SIGTERM')).toBe(true)
    expect(await child.wait()).toEqual({ exitCode: 0, signal: undefined })
    expect([child.exitCode, child.log.path]).toEqual([0, instance.logFile])
  })

  test.each(['terminate', 'kill'] as const)('the protocol: %s', async end => {
    const child = (await start(Class)).process
    expect(child?.[end]()).toBe(true)
    const { exitCode, signal } = (await child?.wait()) ?? {}
    expect([exitCode, signal]).toEqual(end === 'kill' ? [undefined, 'SIGKILL'] : [0, undefined])
  })
})

test('__enter__ and __exit__ are Symbol.dispose', () => {
  const instance = new TarantoolSyncInstance().start()
  const pid = instance.pid as number
  instance[Symbol.dispose]()
  expect(isAlive(pid)).toBe(false)
})
