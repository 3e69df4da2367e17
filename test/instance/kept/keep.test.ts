import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { resolveOptions } from '../../../src/config/resolve.ts'
import { type InstanceOptions, RequestTimeoutError, type TarantoolInstance } from '../../../src/index.ts'
import { keptAt, pruneKept } from '../../../src/instance/kept/directories.ts'
import { type KeptFor, keepData } from '../../../src/instance/kept/keep.ts'
import { readKept } from '../../../src/instance/kept/manifest.ts'
import { SnapshotGuard } from '../../../src/seed/snapshot-guard.ts'
import { cli } from '../../cli/support.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'

const about: KeptFor = { test: 'users > adds one', testFile: 'test/users.test.ts', server: 'default' }

const appLua = (engine: string): string =>
  `box.once('schema', function() box.schema.space.create('users', { engine = '${engine}' }):create_index('primary') end)`

const noSnapshot = "box.once('data', function() end) box.snapshot = function() error('no snapshot today') end"

async function keep(instance: TarantoolInstance, options: InstanceOptions): Promise<string> {
  return await keepData(instance, resolveOptions(options), about)
}

// Tarantool has no vinyl spaces without a journal.
const kinds = [
  { engine: 'memtx', walMode: 'none' },
  { engine: 'memtx', walMode: 'write' },
  { engine: 'vinyl', walMode: 'write' },
] as const

// Not on the console, on which the request for the snapshot still waits.
const writeLate = async (instance: TarantoolInstance): Promise<unknown> =>
  await instance.eval("released = true while not is_written do require('fiber').sleep(0.01) end")

describe('the data of a server is kept as it is now', () => {
  test.each(kinds)('and its next start finds no trace of that: %j', async ({ engine, walMode }) => {
    const options = { appLua: appLua(engine), walMode, root: temporaryDirectory() }
    const instance = await startInstance(options)
    const userCount = async (): Promise<unknown[]> => await instance.command('#box.space.users:select()')
    await instance.command('for i = 1, 100 do box.space.users:insert({ i }) end')
    // Two failures in a row: Tarantool keeps two snapshots.
    const directories = [await keep(instance, options)]
    await instance.command('box.space.users:insert({ 101 })')
    directories.push(await keep(instance, options))
    const counts = []
    for (const directory of directories) {
      counts.push((await cli(['open', directory, '--eval', '#box.space.users:select()'])).stdout)
    }
    expect(counts).toEqual(['---\n- 100\n...', '---\n- 101\n...'])
    // The server goes on. The undo of a reset is in its journal, if there is one.
    expect(await userCount()).toEqual([101])
    await instance.command('for i = 1, 101 do box.space.users:delete({ i }) end')
    await instance.restart({ recreate: false })
    expect(await userCount()).toEqual([0])
    expect(contentOf(instance.workDir).filter(name => name.startsWith('.snapshots'))).toEqual([])
  })

  test.each(['none', 'write'] as const)(
    'and a snapshot that comes late is not found, either: wal_mode %s',
    async walMode => {
      const late = `local snapshot = box.snapshot
      function box.snapshot() while not released do require('fiber').sleep(0.01) end snapshot() is_written = true end`
      const options = { appLua: `${appLua('memtx')}\n${late}`, walMode, root: temporaryDirectory() }
      const instance = await startInstance(options)
      await instance.command('box.space.users:insert({ 1 })')
      const giveUp = keepData(instance, resolveOptions(options), about, { patience: 50 })
      await expect(giveUp).rejects.toThrow(RequestTimeoutError)
      await writeLate(instance)
      // Another failed test keeps its data as usual.
      await instance.command('box.space.users:insert({ 2 })')
      const directory = await keep(instance, options)
      expect((await cli(['open', directory, '-e', '#box.space.users:select()'])).stdout).toBe('---\n- 2\n...')
      await instance.command('released, is_written = nil, nil')
      await expect(keepData(instance, resolveOptions(options), about, { patience: 50 })).rejects.toThrow(
        RequestTimeoutError,
      )
      await writeLate(instance)
      // The reset.
      await instance.command('box.space.users:delete({ 1 }) box.space.users:delete({ 2 })')
      await instance.restart({ recreate: false })
      expect(await instance.command('#box.space.users:select()')).toEqual([0])
      expect(contentOf(instance.workDir)).not.toContain('.snapshots')
    },
  )

  test('with the log, the init script, the versions and a README', async () => {
    const options = { appLua: "require('log').info('the application')", root: temporaryDirectory() }
    const instance = await startInstance(options)
    await instance.command("box.schema.space.create('sessions', { temporary = true })")
    const directory = await keep(instance, options)
    await instance.stop()
    expect(readFileSync(join(directory, 'tarantool.log'), 'utf8')).toContain('the application')
    expect(readFileSync(join(directory, 'init.lua'), 'utf8')).toContain('box.cfg')
    expect(readKept(directory)).toMatchObject({
      ...{ format: 1, test: about.test, testFile: about.testFile, temporary: ['sessions'] },
      ...{ tarantool: expect.stringMatching(/^\d+\.\d+\.\d+-/), node: process.versions.node },
    })
    const readme = readFileSync(join(directory, 'README.md'), 'utf8')
    expect(readme.trim().split('\n')).toHaveLength(3)
    expect(readme).toContain("'users > adds one' in test/users.test.ts")
    expect(readme).toContain('Temporary spaces are missing: sessions.')
    expect(statSync(directory).mode & 0o077).toBe(0)
  })

  test('nothing is left if the server cannot write a snapshot', async () => {
    const root = temporaryDirectory()
    const instance = await startInstance({ root, appLua: noSnapshot })
    await expect(keep(instance, { root })).rejects.toThrow('no snapshot today')
    expect(contentOf(root)).toEqual([instance.workDir.slice(root.length + 1)])
  })

  test('at most the newest ten directories stay', async () => {
    const root = temporaryDirectory()
    const instance = await startInstance({ root })
    const directories: string[] = []
    for (let count = 0; count < 3; count++) {
      directories.push(await keep(instance, { root }))
      const newest = directories.at(-1) ?? ''
      // Files that were written in one millisecond have no order.
      while ((keptAt(newest) ?? 0) <= (keptAt(directories.at(-2) ?? '') ?? 0)) {
        writeFileSync(join(newest, 'kept.json'), readFileSync(join(newest, 'kept.json')))
      }
    }
    // A directory of `keep: 'always'` stays, also after a failure.
    const always = await startInstance({ root, keep: 'always' })
    always.markFailed()
    await always.stop()
    await pruneKept(root, 2)
    expect(directories.map(directory => existsSync(directory))).toEqual([false, true, true])
    expect(instance.isRunning && existsSync(instance.workDir)).toBe(true)
    await pruneKept(root, 0)
    expect([...directories, always.workDir].map(directory => existsSync(directory))).toEqual([
      false,
      false,
      false,
      true,
    ])
  })

  test('nothing is remembered of snapshots if one of them cannot be linked', () => {
    const directory = temporaryDirectory()
    // A directory cannot have a second name.
    mkdirSync(join(directory, '00000000000000000000.snap'))
    expect(() => SnapshotGuard.of(directory)).toThrow('EPERM')
    expect(contentOf(directory)).toEqual(['00000000000000000000.snap'])
  })
})

describe('open', () => {
  async function kept(options: InstanceOptions, lua = ''): Promise<string> {
    const root = temporaryDirectory()
    const instance = await newInstance({ ...options, root }).start()
    onTestFinished(() => instance.kill())
    if (lua !== '') await instance.command(lua)
    return await keep(instance, { ...options, root })
  }

  const users = `local users = box.schema.space.create('users')
users:create_index('primary')
function add_user(id) return users:insert({ id }) end`

  test('starts the application, or leaves it out', async () => {
    const app = `${appLua('memtx')}\nfunction greet() return 'hello' end`
    const directory = await kept({ appLua: app, boxCfg: { readahead: 32_640 } }, 'box.space.users:insert({ 7 })')
    const evaluate = async (...more: string[]): Promise<string> =>
      (await cli(['open', directory, '-e', 'greet and greet(), box.space.users:get(7), box.cfg.readahead', ...more]))
        .stdout
    expect(await evaluate()).toBe('---\n- hello\n- [7]\n- 32640\n...')
    expect(await evaluate('--bare')).toBe('---\n- null\n- [7]\n- 32640\n...')
  })

  test('leaves an application out that does not start from data', async () => {
    const directory = await kept({ appLua: users }, 'add_user(1)')
    const { stdout, stderr, exitCode } = await cli(['open', directory, '-e', '#box.space.users:select()'])
    expect([stdout, exitCode]).toEqual(['---\n- 1\n...', 0])
    expect(stderr).toContain('The application does not start from this data')
    expect(stderr).toContain("the data of 'users > adds one' as it was at ")
  })

  test('changes a copy only, and leaves nothing', async () => {
    const directory = await kept({ appLua: appLua('memtx') })
    const inserted = await cli(['open', directory], { input: 'box.space.users:insert({ 1 }) return box.cfg.work_dir' })
    expect(inserted.exitCode).toBe(0)
    const [, workDir = ''] = /- (\/.*)\n/.exec(inserted.stdout) ?? []
    expect([workDir.length > 0, existsSync(workDir)]).toEqual([true, false])
    expect((await cli(['open', directory, '-e', '#box.space.users:select()'])).stdout).toBe('---\n- 0\n...')
  })

  test('works without the application of the other machine', async () => {
    const directory = await kept({ appLua: appLua('memtx') }, 'box.space.users:insert({ 1 })')
    const file = join(directory, 'kept.json')
    const manifest = readKept(directory)
    const appFile = { file: '/nowhere/app.lua', relative: 'nowhere/app.lua' }
    writeFileSync(file, JSON.stringify({ ...manifest, options: { ...manifest.options, appLua: appFile } }))
    const { stdout, stderr } = await cli(['open', directory, '-e', '#box.space.users:select()'])
    expect(stdout).toBe('---\n- 1\n...')
    expect(stderr).toContain('the application is not here (/nowhere/app.lua)')
  })

  test('names the version that wrote the data if no server starts from it', async () => {
    const directory = await kept({ appLua: appLua('memtx') }, 'box.space.users:insert({ 1 })')
    const manifest = readKept(directory)
    const boxCfg = { readahead: 'no number' }
    const other = { ...manifest, tarantool: '1.2.3-4-gabcdef', options: { ...manifest.options, boxCfg } }
    writeFileSync(join(directory, 'kept.json'), JSON.stringify(other))
    const { stderr, exitCode } = await cli(['open', directory, '--bare', '-e', '1'])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('add the option: --tarantool 1.2.3\n')])
  })

  test.each([
    ['{}', /is damaged: format/],
    ['{', /is damaged: /],
    ['{ "format": 99 }', /has format 99, and this release reads formats up to 1/],
    [undefined, /is not a directory that was kept: it has no kept.json/],
  ])('refuses a directory whose description is %s', async (text, message) => {
    const directory = temporaryDirectory()
    if (text !== undefined) writeFileSync(join(directory, 'kept.json'), text)
    const { stderr, exitCode } = await cli(['open', directory])
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(message)])
  })

  test('refuses a directory that is not complete', async () => {
    const directory = temporaryDirectory()
    const options = { boxCfg: {} }
    const whole = { ...{ format: 1, server: 'default', tarantool: '3.8.0', fixture: '0.1.0', node: '22.0.0' }, options }
    const text = JSON.stringify({ ...whole, made: '2026-01-02T03:04:05Z', files: ['1.snap'], temporary: [] })
    writeFileSync(join(directory, 'kept.json'), text)
    const { stderr, exitCode } = await cli(['open', directory])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('is not complete: it lacks 1.snap')])
  })
})

test('clean lists and removes what was kept, and nothing else', async () => {
  const root = temporaryDirectory()
  const instance = await startInstance({ root })
  const directory = await keep(instance, { root })
  const list = await cli(['clean', '--list', '--root', root])
  expect(list.stdout).toMatch(
    new RegExp(`^1 kept directory\\. .*\n${directory} .*test/users.test.ts > users > adds one$`),
  )
  expect(JSON.parse((await cli(['clean', '--list', '--json', '--root', root])).stdout)).toEqual([
    expect.objectContaining({ directory, test: about.test }),
  ])
  expect(existsSync(directory)).toBe(true)
  expect((await cli(['clean', '--root', root])).stdout).toContain(`removed 1 kept directory\n${directory}`)
  expect([existsSync(directory), existsSync(instance.workDir)]).toEqual([false, true])
  expect((await cli(['clean', '--root', root])).stdout).toBe('no directory was kept')
})
