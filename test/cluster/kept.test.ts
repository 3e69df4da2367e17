import { cpSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { readKeptCluster } from '../../src/instance/kept/cluster.ts'
import { readKept } from '../../src/instance/kept/manifest.ts'
import { cli } from '../cli/support.ts'
import { appOfMembers, newCluster, newReplicaSet, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { temporaryDirectory } from '../support/instances.ts'

const about = { test: 'users > adds one', testFile: 'test/users.test.ts', server: 'default' }

const router = `
local count = 0
for _ in pairs(require('config'):instances()) do count = count + 1 end
if count < 3 then error('the router needs the storages') end`

const open = async (directory: string, ...more: string[]): Promise<{ stdout: string; stderr: string }> =>
  await cli(['open', directory, ...more])

describe('the data of a cluster is kept as it is now', () => {
  beforeEach(context => skipWithout('a config file', context))

  test('and each instance can be opened alone, with its application where that is possible', async () => {
    const root = temporaryDirectory()
    const app = threeInstances({ 'router.lua': router })
    const cluster = newCluster({
      app,
      root,
      ready: 'return box.info.ro or box.info.name ~= "s-001" or box.space.users ~= nil',
    })
    await cluster.start()
    const storage = cluster.instance('s-001')
    await storage.call('add_user', 1, 'ann')
    const replica = cluster.instance('s-002')
    await expect.poll(() => replica.command('#box.space.users:select()')).toEqual([1])
    const directory = await cluster.keepData(about, root)
    // The cluster goes on, and what follows is not in the data.
    await storage.call('add_user', 2, 'bob')
    await cluster.stop()
    expect(readKeptCluster(directory)).toMatchObject({ ...about, members: ['r-001', 's-001', 's-002'] })
    expect(readFileSync(join(directory, 'README.md'), 'utf8')).toContain(
      "when 'users > adds one' in test/users.test.ts failed. Its instances: r-001, s-001, s-002.",
    )
    expect(readFileSync(join(directory, 's-002', 'README.md'), 'utf8')).toContain(
      "instance 's-002' of the cluster 'default'",
    )
    expect(existsSync(join(directory, 's-002', 'tarantool.log'))).toBe(true)
    expect(statSync(directory).mode & 0o077).toBe(0)

    const list = await open(directory)
    expect(list.stdout).toContain("of 'users > adds one' of a cluster with 3 instances")
    expect(list.stdout).toContain(`npx tarantool-fixture open ${join(directory, 's-002')}`)
    expect((await open(directory, '-e', '1')).stderr).toContain('Open one of its instances:')

    // The directory of one instance, as on another machine. In the cluster, it was read-only.
    const copy = join(temporaryDirectory(), 'copy')
    cpSync(join(directory, 's-002'), copy, { recursive: true })
    const write = "add_user(3, 'eve') and #box.space.users:select(), box.info.name"
    const alone = await open(copy, '-e', write)
    expect(alone.stderr).toContain('it runs alone, with its application')
    expect(alone.stdout).toBe('---\n- 2\n- s-002\n...')
    const bare = await open(copy, '--bare', '-e', 'add_user, box.info.ro, box.space.users:select()')
    expect(bare.stdout).toBe("---\n- null\n- false\n- - [1, 'ann']\n...")

    const needy = await open(join(directory, 'r-001'), '-e', 'box.info.ro')
    expect(needy.stderr).toMatch(/without its application, because .*the router needs the storages/)
    expect(needy.stdout).toBe('---\n- false\n...')

    expect((await cli(['clean', '--list', '--root', root])).stdout).toContain('test/users.test.ts > users > adds one')
    expect((await cli(['clean', '--root', root])).stdout).toContain('removed 1 kept directory')
    expect(existsSync(directory)).toBe(false)
  })

  test('also that of an instance that a test has ended: its files, with what its journal has', async () => {
    const root = temporaryDirectory()
    const cluster = newCluster({
      app: threeInstances(),
      root,
      ready: 'return box.info.ro or box.info.name ~= "s-001" or box.space.users ~= nil',
    })
    await cluster.start()
    const storage = cluster.instance('s-001')
    await storage.call('add_user', 1, 'ann')
    await storage.kill({ cleanup: false })
    const directory = join(await cluster.keepData(about, root), 's-001')
    expect(readKept(directory).reason).toBe('the instance did not run')
    const { stdout, stderr } = await open(directory, '-e', 'box.space.users:select()')
    expect(stdout).toBe("---\n- - [1, 'ann']\n...")
    expect(stderr).toContain('kept because of this: the instance did not run')
  })
})

test('the data of a replica set is kept, and each member can be opened alone, writable', async () => {
  const root = temporaryDirectory()
  const set = await newReplicaSet({ replicas: 2, name: 'db', appLua: appOfMembers, root }).start()
  await set.instance('db-1').call('add_user', 1, 'ann')
  await set.waitForVclock()
  const directory = await set.keepData(about, root)
  await set.stop()
  expect(readKeptCluster(directory)).toMatchObject({ ...about, members: ['db-1', 'db-2'] })
  const { stdout } = await open(join(directory, 'db-2'), '-e', "add_user(2, 'bob') and count_users()")
  expect(stdout).toBe('---\n- 2\n...')
})
