import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type InstanceOptions,
  StartAbortedError,
  TarantoolDockerInstance,
  type TarantoolInstance,
  TarantoolSyncInstance,
} from '../../../src/index.ts'
import { IprotoConnection } from '../../../src/protocol/iproto/connection.ts'
import { containersBelow, docker, engine, needsEngine, noEngine } from '../../support/engine.ts'
import { has } from '../../support/features.ts'
import {
  contentOf,
  isAlive,
  newInstance,
  startInstance,
  temporaryDirectory,
  useOwnCache,
  writeFiles,
} from '../../support/instances.ts'

const start = (options: InstanceOptions = {}): Promise<TarantoolInstance> => startInstance({ docker, ...options })

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

const container = (instance: TarantoolInstance): string => {
  const [name = ''] = containersBelow(join(instance.workDir, '..')).filter(found =>
    found.includes(instance.workDir.slice(-8)),
  )
  return name
}

describe.skipIf(noEngine)(`a server in a container (${needsEngine})`, () => {
  test('runs, answers and says where it is', async () => {
    const instance = await new TarantoolDockerInstance({ docker }).start()
    try {
      expect(instance.isRunning).toBe(true)
      expect(instance.host).toBe('127.0.0.1')
      expect(instance.uri).toBe(`tester:${instance.credentials?.password}@127.0.0.1:${instance.port}`)
      expect(instance.fingerprint).toBe(`Tarantool[127.0.0.1:${instance.port}]`)
      expect(await instance.command('box.info.status')).toEqual(['running'])
      expect(await instance.eval('return ... + 1', 41)).toEqual([42])
      expect(instance.version().text).toMatch(/^2\.6\.0/)
      expect((await instance.binVersion()).text).toBe(instance.version().text)
      expect(isAlive(instance.pid ?? 0)).toBe(true)
      expect(engine('inspect', '--format', '{{.State.Pid}}', container(instance))).toBe(String(instance.pid))
    } finally {
      await instance.stop()
    }
    expect(instance.pid).toBeUndefined()
  })

  test.each([
    { what: 'on its published port', options: {} },
    { what: 'on a unix socket', options: { host: 'unix/' } },
  ])('its application hears nothing of connections of the fixture: $what', async ({ options }) => {
    const appLua = `heard = 0
      for _, event in ipairs({ 'on_connect', 'on_auth', 'on_disconnect' }) do
        box.session[event](function() heard = heard + 1 end)
      end`
    const instance = await start({ ...options, appLua, recordChanges: true })
    expect(await instance.eval('return 1')).toEqual([1])
    await instance.reset()
    expect(await instance.command("heard, require('tarantool-fixture').foreign_connections()")).toEqual([0, 0, 0])
  })

  test('guest has no rights on a published port, unless the user says so', async () => {
    const guestOf = async (instance: TarantoolInstance): Promise<unknown> => {
      const { port } = instance
      const connection = await IprotoConnection.connect({ host: '127.0.0.1', port: port as number })
      try {
        return await connection.eval('return 1').catch((error: Error) => error.message)
      } finally {
        connection.close()
      }
    }
    const closed = await start()
    expect(closed.credentials).toEqual({ user: 'tester', password: expect.stringMatching(/^[0-9a-f]{24}$/) })
    expect(await closed.eval('return box.session.user()')).toEqual(['tester'])
    expect(await guestOf(closed)).toMatch(/denied for user 'guest'/)
    const open = await start({ access: 'any' })
    expect(open.credentials).toBeUndefined()
    expect(await guestOf(open)).toEqual([1])
  })

  test('the blocking class runs one, with all that can be asked of it', async () => {
    const root = temporaryDirectory()
    const instance = new TarantoolSyncInstance({ docker, root, appLua: 'function add(a, b) return a + b end' }).start()
    try {
      expect(containersBelow(root)).toHaveLength(1)
      expect([instance.host, instance.isRunning]).toEqual(['127.0.0.1', true])
      expect(instance.call('add', 1, 2)).toEqual([3])
      expect(instance.command('box.info.status')).toEqual(['running'])
      instance.process?.sendSignal('SIGSTOP')
      instance.process?.sendSignal('SIGCONT')
      expect(instance.restart({ recreate: true }).eval('return 1')).toEqual([1])
      instance.kill({ cleanup: false })
      expect([instance.isRunning, containersBelow(root)]).toEqual([false, []])
      expect(instance.start().eval('return 2')).toEqual([2])
    } finally {
      instance.stop()
    }
    expect([containersBelow(root), contentOf(root)]).toEqual([[], []])
  })

  test('its ports are published on 127.0.0.1 only, its directory is mounted and its own', async () => {
    const appLua = `
      local port = tonumber(os.getenv('TARANTOOL_HTTP_PORT'))
      require('socket').tcp_server('0.0.0.0', port, function(peer) peer:write('hello') end)`
    const instance = await start({ consoleHost: '127.0.0.1', ports: ['http'], appLua })
    const bindings = engine('inspect', '--format', '{{json .HostConfig.PortBindings}}', container(instance))
    const hosts = Object.entries(JSON.parse(bindings) as Record<string, [{ HostIp: string; HostPort: string }]>)
    expect(hosts.map(([, [{ HostIp, HostPort }]]) => [HostIp, Number(HostPort)]).sort()).toEqual(
      [instance.port, instance.consolePort, instance.ports.http].sort().map(port => ['127.0.0.1', port]),
    )
    expect(await text(connect(instance.ports.http ?? 0, '127.0.0.1'))).toBe('hello')
    expect(await instance.command('1 + 1')).toEqual([2])
    expect(statSync(instance.workDir).mode & 0o777).toBe(0o700)
    expect(statSync(join(instance.workDir, 'init.lua')).uid).toBe(process.getuid?.())
    expect(await instance.eval("return require('fio').cwd()")).toEqual([instance.workDir])
  })

  test('stop leaves no container, process, directory or listening port', async () => {
    const root = temporaryDirectory()
    const instance = await start({ root })
    const { pid, port } = instance
    expect(containersBelow(root)).toHaveLength(1)
    await instance.stop()
    expect(containersBelow(root)).toEqual([])
    expect(isAlive(pid ?? 0)).toBe(false)
    expect(contentOf(root)).toEqual([])
    expect(await canConnect(Number(port))).toBe(false)
    expect(instance.process?.exit).toEqual({ exitCode: 0, signal: undefined })
  })

  test('kill ends the container, and not its client alone', async () => {
    const root = temporaryDirectory()
    const busy = await start({ root })
    busy.eval("require('log').info('busy now') while true do end").catch(() => {})
    await busy.waitForLog('busy now')
    await busy.kill()
    expect(busy.process?.exit).toEqual({ exitCode: undefined, signal: 'SIGKILL' })
    expect(containersBelow(root)).toEqual([])
    expect(contentOf(root)).toEqual([])
  })

  test.each(['stop', 'kill'] as const)('%s in the midst of a start leaves nothing', async end => {
    const root = temporaryDirectory()
    for (const moment of [0, 50, 150, 300]) {
      const instance = newInstance({ docker, root, appLua: "require('fiber').sleep(100)" })
      const started = instance.start()
      await Promise.all([
        expect(started).rejects.toThrow(StartAbortedError),
        instance
          .start({ wait: false })
          .then(() => new Promise(resolve => setTimeout(resolve, moment)))
          .then(() => instance[end]()),
      ])
      expect(containersBelow(root)).toEqual([])
      expect(contentOf(root)).toEqual([])
    }
  })

  test('a server that does not see SIGTERM is killed after stopTimeout', async () => {
    const instance = await start({ stopTimeout: 300 })
    instance.eval("require('log').info('spins') while true do end").catch(() => {})
    await instance.waitForLog(/spins/)
    await instance.stop()
    expect(instance.process?.exit?.signal).toBe('SIGKILL')
  })

  test('a pause stops the server itself; it can be stopped in one', async () => {
    const instance = await start()
    const stateOf = (): string | undefined =>
      /^State:\s+(\w)/m.exec(readFileSync(`/proc/${instance.pid}/status`, 'utf8'))?.[1]
    expect(instance.process?.sendSignal('SIGSTOP')).toBe(true)
    await expect.poll(stateOf).toBe('T')
    instance.process?.sendSignal('SIGCONT')
    expect(await instance.eval('return 1')).toEqual([1])
    instance.process?.sendSignal('SIGSTOP')
    await instance.stop()
    expect(instance.process?.exit).toEqual({ exitCode: 0, signal: undefined })
  })

  test('a container that is ended from outside is an instance that failed', async () => {
    const instance = await start()
    engine('kill', container(instance))
    await instance.waitStopped()
    expect(instance.state).toBe('failed')
    await expect(instance.eval('return 1')).rejects.toThrow('signal SIGKILL')
  })

  test('restart keeps address and data, in a new container', async () => {
    const instance = await start({ walMode: 'write' })
    const { port, pid } = instance
    await instance.eval("box.schema.space.create('kept')")
    await instance.restart()
    expect(instance.port).toBe(port)
    expect(instance.pid).not.toBe(pid)
    expect(await instance.eval('return box.space.kept ~= nil')).toEqual([true])
    await instance.restart({ recreate: true })
    expect(await instance.eval('return box.space.kept ~= nil')).toEqual([false])
  })

  test('the log is written by the server itself, and so is there at once', async () => {
    const lines: string[] = []
    const instance = await start({ logger: line => lines.push(line), appLua: "print('printed')" })
    const since = instance.log.offset
    for (let number = 1; number <= 20; number++) {
      await instance.eval("require('log').info(...)", `line ${number}`)
      expect(await instance.grepLog(/line \d+$/, { since })).toHaveLength(number)
    }
    expect(await instance.grepLog('printed')).toEqual(['printed'])
    expect(lines).toContain('printed')
  })

  describe('with a cache of its own', () => {
    useOwnCache()

    test('an application with modules, and a seed from files, which later servers have from its template', async () => {
      const directory = writeFiles({
        'app/app.lua': `
          names = require('names')
          box.schema.space.create('users', { if_not_exists = true }):create_index('primary', { if_not_exists = true })`,
        'app/names.lua': "return { 'ann' }",
        'seeds/seed.lua': "box.space.users:insert({ 1, require('random') })",
        'seeds/random.lua': "return require('uuid').str()",
        'rows/users.ndjson': '[2, "carl"]\n',
      })
      const options = {
        appLua: join(directory, 'app/app.lua'),
        seedLua: join(directory, 'seeds/seed.lua'),
        seed: join(directory, 'rows/users.ndjson'),
      }
      const found: unknown[][] = []
      for (let count = 1; count <= 3; count++) {
        // A directory that is writable, below one that is not.
        const instance = await start({ ...options, root: join(directory, 'app/tmp') })
        found.push(await instance.eval('return names, box.space.users:select()'))
      }
      const [[, [[, random]]]] = found as [[unknown, [[number, string]]]]
      const rows = [
        [1, random],
        [2, 'carl'],
      ]
      expect(found).toEqual([1, 2, 3].map(() => [['ann'], rows]))
    })
  })

  test('reset undoes what was changed', async () => {
    const instance = await start({
      recordChanges: true,
      appLua: "box.schema.space.create('t'):create_index('primary')",
    })
    const { pid } = instance
    await instance.eval('box.space.t:insert({ 1 })')
    await instance.reset()
    expect(await instance.eval('return box.space.t:count()')).toEqual([0])
    expect(instance.pid).toBe(pid)
  })

  test('env, user and further arguments reach the container; settings of the image and variables of this process do not', async () => {
    process.env.SECRET_OF_MINE = '1'
    onTestFinished(() => void delete process.env.SECRET_OF_MINE)
    const instance = await start({
      env: { GREETING: "it's a, 'b'" },
      docker: { ...docker, args: ['--hostname', 'shop'] },
    })
    const variables = ['GREETING', 'TT_LISTEN', 'SECRET_OF_MINE'].map(name => `os.getenv('${name}')`)
    expect(await instance.eval(`return ${variables.join(', ')}`)).toEqual(["it's a, 'b'", null, null])
    const user = `${process.getuid?.()}:${process.getgid?.()}`
    const format = '{{.Config.Hostname}} {{.Config.User}}'
    expect(engine('inspect', '--format', format, container(instance))).toBe(`shop ${user}`)
  })

  test('any value of env reaches the container whole, and is on no command line', async () => {
    const env = {
      PASSWORD: 'not-to-be-seen',
      SPACES: '  around, and at the end ',
      SIGNS: '# "quoted" \'so\' a=b $HOME \\n ü☃',
      EMPTY: '',
      LINES: 'not-to-be-seen\r\neither\n',
      LONG: 'not-to-be-seen'.repeat(8000),
      'a name.of-another kind': 'not-to-be-seen',
      // The image sets it.
      TT_LISTEN: '127.0.0.1:3399',
      // What the engine's client would take for its own.
      DOCKER_HOST: 'tcp://not-to-be-seen:1',
      HOME: '/not-to-be-seen',
    }
    const instance = await start({ env, keep: 'always' })
    const read = 'local values = {} for _, name in ipairs({ ... }) do values[name] = os.getenv(name) end return values'
    expect(await instance.eval(read, ...Object.keys(env))).toEqual([env])
    const client = instance.process?.pid ?? 0
    if (process.platform === 'linux') {
      const line = readFileSync(`/proc/${client}/cmdline`, 'utf8')
      expect(line).toContain(instance.workDir)
      expect(line).not.toContain('not-to-be-seen')
    }
    expect(statSync(join(instance.workDir, 'container.env')).mode & 0o777).toBe(0o600)
    await instance.restart()
    expect(await instance.eval(read, 'PASSWORD')).toEqual([{ PASSWORD: env.PASSWORD }])
    await instance.stop()
    rmSync(instance.workDir, { recursive: true })
  })

  test('unix sockets for both: no port is published', async () => {
    const root = temporaryDirectory()
    const instance = await start({ root, host: 'unix/' })
    expect(engine('inspect', '--format', '{{json .HostConfig.PortBindings}}', container(instance))).toBe('{}')
    expect(await instance.eval('return 1')).toEqual([1])
    await instance.stop()
    const elsewhere = await start({ root, host: 'unix/', port: join(temporaryDirectory(), 'server.sock') })
    expect(await elsewhere.eval('return 1')).toEqual([1])
    await elsewhere.stop()
    expect(existsSync(String(elsewhere.port))).toBe(false)
  })

  test.for([{ master: 'in a container' }, { master: 'outside' }])(
    'replicates from a master $master',
    async ({ master }, context) => {
      // The image has Debian's 2.6.0.
      context.skip(
        master === 'outside' && has('foreign keys of spaces'),
        'a replica of 2.6 takes no data of 2.10 or later',
      )
      const options = { walMode: 'write', extraBoxCfg: 'replication_timeout = 0.1' } as const
      const first = await startInstance({
        ...options,
        ...(master === 'outside' ? {} : { docker }),
        appLua: "box.schema.space.create('t'):create_index('primary')",
      })
      const replica = await start({ ...options, replicationSource: first.uri })
      await first.eval('box.space.t:insert({ 1 })')
      await expect.poll(() => replica.eval('return box.space.t:count()')).toEqual([1])
      await replica.restart()
      await first.eval('box.space.t:insert({ 2 })')
      await expect.poll(() => replica.eval('return box.space.t:count()')).toEqual([2])
    },
  )
})
