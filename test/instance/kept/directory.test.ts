import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../../src/index.ts'
import { cli } from '../../cli/support.ts'
import { newCluster, oneInstance } from '../../support/clusters.ts'
import { skipWithout } from '../../support/features.ts'
import { newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'

const appLua = `box.once('schema', function() box.schema.space.create('users'):create_index('primary') end)`
const insert = 'for i = 1, 100 do box.space.users:insert({ i }) end'

async function started(options: InstanceOptions): Promise<TarantoolInstance> {
  const instance = await startInstance({ appLua, walMode: 'write', root: temporaryDirectory(), ...options })
  await instance.command(insert)
  return instance
}

async function crash(instance: TarantoolInstance): Promise<string> {
  process.kill(instance.pid ?? 0, 'SIGKILL')
  await instance.waitStopped()
  await instance.stop()
  return instance.workDir
}

const countIn = async (directory: string, ...more: string[]): Promise<{ stdout: string; stderr: string }> =>
  await cli(['open', directory, '-e', '#box.space.users:select()', ...more])

const journalIn = (directory: string): string =>
  join(
    directory,
    readdirSync(directory)
      .filter(name => name.endsWith('.xlog'))
      .sort()[0] ?? '',
  )

describe("a server's own directory that is kept can be opened", () => {
  test("with keep: 'always', with the application or without", async () => {
    const instance = await started({ keep: 'always', appLua: `${appLua} function greet() return 'hello' end` })
    const { workDir } = instance
    const running = await cli(['open', workDir])
    expect([running.exitCode, running.stderr]).toEqual([1, expect.stringContaining(`a server still has ${workDir}`)])
    await instance.stop()
    const { stdout, stderr } = await cli(['open', workDir, '-e', 'greet(), #box.space.users:select()'])
    expect(stdout).toBe('---\n- hello\n- 100\n...')
    expect(stderr).toContain("kept because of this: keep: 'always'")
    expect((await countIn(workDir, '--bare')).stdout).toBe('---\n- 100\n...')
    // Each time, the server has a copy.
    expect((await cli(['open', workDir, '-e', 'box.space.users:truncate()'])).exitCode).toBe(0)
    expect((await countIn(workDir)).stdout).toBe('---\n- 100\n...')
  })

  test('and a server that starts in it again has it', async () => {
    const instance = await started({ keep: 'always' })
    await instance.stop()
    expect(existsSync(join(instance.workDir, 'kept.json'))).toBe(true)
    await instance.start({ recreate: false })
    expect(existsSync(join(instance.workDir, 'kept.json'))).toBe(false)
  })

  test('when the server has crashed, with rows that are only in the journal', async () => {
    const instance = await started({ keep: 'on-failure' })
    const { stdout, stderr } = await countIn(await crash(instance))
    expect(stdout).toBe('---\n- 100\n...')
    expect(stderr).toMatch(/kept because of this: .* has ended by itself: signal SIGKILL/)
    const { stdout: list } = await cli(['clean', '--list', '--root', join(instance.workDir, '..')])
    expect(list).toMatch(/has ended by itself: signal SIGKILL/)
  })

  test('when the application has chosen other directories, also without the application', async () => {
    const own = `require('fio').mktree('journal') require('fio').mktree('snapshots')
      box.cfg({ wal_mode = 'write', wal_dir = 'journal', memtx_dir = 'snapshots', vinyl_dir = 'journal' })`
    const instance = await started({ keep: 'on-failure', appLua: `${own}\n${appLua}`, walMode: undefined })
    const directory = await crash(instance)
    expect((await countIn(directory)).stdout).toBe('---\n- 100\n...')
    expect((await countIn(directory, '--bare')).stdout).toBe('---\n- 100\n...')
  })

  test('with rows of vinyl', async () => {
    const engine = appLua.replace("('users')", "('users', { engine = 'vinyl' })")
    const instance = await started({ keep: 'on-failure', appLua: engine })
    await instance.command('box.snapshot() box.space.users:insert({ 101 })')
    expect((await countIn(await crash(instance))).stdout).toBe('---\n- 101\n...')
  })

  test('when its journal is damaged: Tarantool skips what it cannot read, and the command says so', async () => {
    const instance = await started({ keep: 'on-failure' })
    const directory = await crash(instance)
    const journal = journalIn(directory)
    const bytes = readFileSync(journal)
    bytes.fill(0xff, bytes.length - 200, bytes.length - 150)
    writeFileSync(journal, bytes)
    const { stdout, stderr } = await countIn(directory)
    expect(stderr).toContain('The server starts with force_recovery, and skips what it cannot read.')
    expect(Number(/- (\d+)/.exec(stdout)?.[1])).toBeGreaterThan(50)
  })

  test('when its journal ends in the middle of a row, as after a crash', async () => {
    const instance = await started({ keep: 'on-failure' })
    const directory = await crash(instance)
    const journal = journalIn(directory)
    truncateSync(journal, readFileSync(journal).length - 3)
    const { stdout, stderr } = await countIn(directory)
    expect(stdout).toMatch(/- (99|100)\n/)
    expect(stderr).not.toContain('force_recovery')
  })

  test("when the owner was killed, with keep: 'always'", async () => {
    const instance = await started({ keep: 'always' })
    const left = join(temporaryDirectory(), 'tnt-left')
    cpSync(instance.workDir, left, { recursive: true, filter: path => !path.endsWith('.sock') })
    const marker = join(left, '.tarantool-fixture.json')
    writeFileSync(marker, JSON.stringify({ ...JSON.parse(readFileSync(marker, 'utf8')), pid: 2 ** 22 + 1 }))
    const { stdout, stderr } = await countIn(left)
    expect(stdout).toBe('---\n- 100\n...')
    expect(stderr).toContain("keep: 'always', and the run was killed")
  })

  test('but not if the server never had data', async () => {
    const instance = newInstance({ appLua: 'this is no Lua', keep: 'on-failure', root: temporaryDirectory() })
    await expect(instance.start()).rejects.toThrow()
    const { stderr, exitCode } = await cli(['open', instance.workDir])
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/ has no data: .*did not start/)])
  })
})

test("the directory of an instance of a cluster can be opened, with keep: 'always'", async context => {
  skipWithout('a config file', context)
  const app = oneInstance()
  const root = temporaryDirectory()
  const cluster = newCluster({ app, keep: 'always', root })
  await cluster.start()
  await cluster.instance().command(insert)
  const { workDir } = cluster.instance()
  await cluster.stop()
  const whole = await cli(['open', cluster.directory])
  expect(whole.stdout).toContain('a cluster with 1 instance, as it was at ')
  expect(whole.stdout).toContain("kept because of this: keep: 'always'")
  expect(whole.stdout).toContain(`\nnpx tarantool-fixture open ${workDir}`)
  const { stdout, stderr } = await countIn(workDir)
  expect(stdout).toBe('---\n- 100\n...')
  expect(stderr).toContain("'only-001' is an instance of a cluster: it runs alone, with its application")
  expect((await countIn(workDir, '--bare')).stderr).not.toContain('it runs alone')
  rmSync(app, { recursive: true })
  const without = await countIn(workDir)
  expect([without.stdout, without.stderr]).toEqual([
    '---\n- 100\n...',
    expect.stringContaining(`without its application, because the application is not here (${app})`),
  ])
  // A cluster that starts in it again has it.
  const again = newCluster({ app: oneInstance(), keep: 'always', root })
  await again.start()
  expect(existsSync(join(again.directory, 'kept.json'))).toBe(false)
  await again.stop({ cleanup: true })
  expect(existsSync(join(again.directory, 'kept.json'))).toBe(true)
  await again.start({ recreate: false })
  expect(existsSync(join(again.directory, 'kept.json'))).toBe(false)
})
