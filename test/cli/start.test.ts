import { symlinkSync, writeFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { join, resolve } from 'node:path'
import { execaNode } from 'execa'
import { afterEach, describe, expect, test } from 'vitest'
import { ConsoleConnection } from '../../src/protocol/console/connection.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, isAlive, writeFiles } from '../support/instances.ts'

const program = resolve('dist/cli/index.js')
const appLua = `box.schema.space.create('users'):create_index('primary')\nrequire('log').info('application 1')`

interface Address {
  name: string
  host: string
  port: number
  user?: string
  password?: string
  ports: Record<string, number>
  pid: number
  log: string
}

const running: { kill(signal: NodeJS.Signals): boolean; readonly closed: Promise<unknown> }[] = []

afterEach(async () => {
  for (const { kill, closed } of running.splice(0)) {
    kill('SIGKILL')
    await closed
  }
})

const startIn = (cwd: string, args: readonly string[]) => execaNode(program, ['start', ...args], { cwd, reject: false })

/** The command `start` in a project, and what it has printed so far. */
class Start {
  readonly process: ReturnType<typeof startIn>
  out = ''
  err = ''
  #isOver = false
  #wake = (): void => {}

  constructor(cwd: string, ...args: string[]) {
    this.process = startIn(cwd, args)
    running.push({ kill: signal => this.process.kill(signal), closed: this.process })
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.out += chunk.toString()
      this.#wake()
    })
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.err += chunk.toString()
      this.#wake()
    })
    void this.process.then(() => {
      this.#isOver = true
      this.#wake()
    })
  }

  /** Waits until a text that was printed has a form. */
  async says(stream: 'out' | 'err', form: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = form.exec(this[stream])
      if (match) return match
      if (this.#isOver) throw new Error(`it ended, and said: ${this.out}\n${this.err}`)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  async addresses(): Promise<Address[]> {
    const [line] = await this.says('out', /^\[.*\]$/m)
    return JSON.parse(line) as Address[]
  }

  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<number | undefined> {
    this.process.kill(signal)
    return (await this.process).exitCode
  }
}

async function countOf({ log }: Address): Promise<unknown[]> {
  const connection = await ConsoleConnection.connect({ path: join(log, '../console.sock') })
  try {
    return await connection.command('box.space.users:count()')
  } finally {
    connection.close()
  }
}

describe('start', () => {
  test('runs the servers of the config until Ctrl-C, and leaves nothing', async () => {
    const config = { appLua: './app.lua', servers: { queue: { ports: ['http'] }, cache: { credentials: 'random' } } }
    const project = writeFiles({ 'app.lua': appLua, 'tarantool.config.json': JSON.stringify(config) })
    const start = new Start(project, '--json')
    const [queue, cache] = await start.addresses()
    if (!queue || !cache) throw new Error('a server is missing')
    expect([queue.name, cache.name]).toEqual(['queue', 'cache'])
    expect(queue.ports.http).toEqual(expect.any(Number))
    expect(queue).not.toHaveProperty('password')
    expect(cache.password).toMatch(/^\w{20,}$/)
    expect(await countOf(queue)).toEqual([0])
    await start.says('err', /queue \| .* application 1/)
    expect(start.err).not.toContain('initializing an empty data directory')
    expect(await start.end()).toBe(0)
    expect([isAlive(queue.pid), isAlive(cache.pid)]).toEqual([false, false])
    expect(contentOf(join(queue.log, '..'))).toEqual([])
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)('ends by %s like by Ctrl-C', async signal => {
    const project = writeFiles({ 'tarantool.config.json': '{}' })
    const start = new Start(project, '--json')
    const [server] = await start.addresses()
    expect(await start.end(signal)).toBe(0)
    expect(isAlive(server?.pid ?? 0)).toBe(false)
  })

  test('runs only the servers that are named', async () => {
    const config = JSON.stringify({ servers: { queue: {}, cache: {} } })
    const project = writeFiles({ 'tarantool.config.json': config })
    const start = new Start(project, 'cache', '--no-log')
    const [line] = await start.says('out', /^\w+ .*$/m)
    expect(line).toMatch(/^cache {2}127\.0\.0\.1:\d+ {2}Tarantool \d+\.\d+\.\d+ {2}guest$/)
    expect(await start.end()).toBe(0)
    const other = await new Start(project, 'cash').process
    expect([other.exitCode, other.stderr]).toEqual([1, expect.stringMatching(/'cash'.*\n.*cache/)])
  })

  // Node 20 reads no TypeScript, but the Vite of an installed Vitest does.
  test.each(['tarantool.mjs', 'tarantool.ts'])('reads the config of a setup file: %s', async name => {
    const setup = resolve('dist/vitest/setup.js')
    const project = writeFiles({
      'app.lua': appLua,
      [`test/${name}`]: `import { defineTarantool } from '${setup}'\nexport default defineTarantool({ appLua: './app.lua' })`,
    })
    symlinkSync(resolve('node_modules'), join(project, 'node_modules'))
    const start = new Start(project, '--json')
    const [server] = await start.addresses()
    expect(await countOf(server as Address)).toEqual([0])
    expect(await start.end()).toBe(0)
  })

  test('with --watch starts again on the same address after an edit, also when an edit has broken it', async () => {
    const project = writeFiles({ 'app.lua': appLua, 'tarantool.config.json': '{ "appLua": "./app.lua" }' })
    const start = new Start(project, '--watch')
    const [, address] = await start.says('out', /^default {2}(\S+)/m)
    const edit = (text: string): void => writeFileSync(join(project, 'app.lua'), text)
    edit('error("broken on purpose")')
    await start.says('err', /broken on purpose(?:.|\n)*The servers start again after the next edit/)
    edit(appLua.replace('application 1', 'application 2'))
    await start.says('err', /application 2/)
    // The log comes before the server is ready.
    await start.says('out', /^default .*\ndefault .*$/m)
    expect(await start.end()).toBe(0)
    const told = [...start.out.matchAll(/^default {2}(\S+)/gm)].map(([, at]) => at)
    expect(told).toEqual([address, address])
  })

  test.each([
    ['mjs', 'export default', 'export const'],
    ['js', 'module.exports =', 'exports.title ='],
    ['ts', 'export default', 'export const'],
  ])(
    'with --watch follows the config, tarantool.config.%s, and what it imports',
    { timeout: 30_000 },
    async (kind, head, named) => {
      const assignment = kind === 'js' ? named : `${named} title =`
      const imported =
        kind === 'js' ? "const { title } = require('./title.js')" : `import { title } from './title.${kind}'`
      const configOf = (more: string): string =>
        `${imported}\n${head} { title, ports: ['http'], appLua: './app.lua'${more} }\n`
      const project = writeFiles({
        'package.json': '{}',
        'app.lua': "require('log').info('title: %s, readahead: %s', box.cfg.custom_proc_title, box.cfg.readahead)",
        [`title.${kind}`]: `${assignment} 'one'`,
        [`tarantool.config.${kind}`]: configOf(''),
      })
      // For its Vite, on Node 20.
      symlinkSync(resolve('node_modules'), join(project, 'node_modules'))
      const edit = (name: string, text: string): void => writeFileSync(join(project, `${name}.${kind}`), text)
      const start = new Start(project, '--watch')
      await start.says('err', /title: one, readahead: 16320/)
      const [, line] = await start.says('out', /^(default .*)$/m)
      edit('tarantool.config', 'this is no JavaScript')
      await start.says('err', /cannot read .*(?:.|\n)*The servers stay as they are until the next edit/)
      edit('tarantool.config', configOf(', boxCfg: { readahead: 32640 }'))
      await start.says('err', /title: one, readahead: 32640/)
      await start.says('out', /^default .*\ndefault .*$/m)
      const followsImports = kind !== 'mjs' || 'registerHooks' in nodeModule
      if (followsImports) {
        edit('title', `${assignment} 'two'`)
        await start.says('err', /title: two, readahead: 32640/)
        await start.says('out', /^default .*\ndefault .*\ndefault .*$/m)
      }
      expect(await start.end()).toBe(0)
      // All have the same ports.
      expect(new Set(start.out.match(/^default .*$/gm))).toEqual(new Set([line]))
    },
  )

  test('ends with the reason if a server dies', async () => {
    const project = writeFiles({ 'tarantool.config.json': '{}' })
    const start = new Start(project, '--json')
    const [server] = await start.addresses()
    process.kill(server?.pid ?? 0, 'SIGKILL')
    const { exitCode } = await start.process
    expect([exitCode, start.err]).toEqual([1, expect.stringContaining('has ended by itself: signal SIGKILL')])
  })

  test('starts a replica set with all its members', async () => {
    const config = { servers: { db: { replicas: 2, leader: 'db-2', appLua: 'x = 1' } } }
    const project = writeFiles({ 'tarantool.config.json': JSON.stringify(config) })
    const start = new Start(project, '--json')
    expect((await start.addresses()).map(({ name }) => name)).toEqual(['db-2', 'db-1'])
    expect(await start.end()).toBe(0)
  })

  test('starts a cluster with all its instances', { timeout: 30_000 }, async context => {
    skipWithout('a config file', context)
    const config = 'groups: { g: { replicasets: { r: { leader: a, instances: { a: {}, b: {} } } } } }'
    const project = writeFiles({
      'app/config.yaml': `credentials: { users: { replicator: { password: x, roles: [replication] } } }
iproto: { advertise: { peer: { login: replicator } } }
replication: { failover: manual }
${config}
`,
      'tarantool.config.json': '{ "app": "./app", "connect": "b" }',
    })
    const start = new Start(project, '--json')
    expect((await start.addresses()).map(({ name }) => name)).toEqual(['b', 'a'])
    expect(await start.end()).toBe(0)
  })
})

describe('start says what is wrong', () => {
  test.each([
    [{}, 1, /there is no config in .*\n.*tarantool\.config file or test\/tarantool\.ts/],
    [{ 'tarantool.config.mjs': 'export default 1' }, 1, /has no config as its default export/],
    [{ 'tarantool.config.mjs': 'throw new Error("x is wrong")' }, 1, /cannot read .*: x is wrong/],
    [{ 'tarantool.config.json': '{ "appLu": "a.lua" }' }, 1, /unknown option 'appLu'/],
    [{ 'tarantool.config.json': '{ "appLua": "error(\\"at once\\")" }' }, 1, /at once/],
  ])('%j', async (files, code, message) => {
    const { exitCode, stderr } = await new Start(writeFiles(files)).process
    expect([exitCode, stderr]).toEqual([code, expect.stringMatching(message)])
  })
})
