import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { newCluster, oneInstance } from '../support/clusters.ts'
import { has, skipWithout } from '../support/features.ts'
import { contentOf, isAlive, temporaryDirectory, writeFiles } from '../support/instances.ts'

const ready = 'return box.space.users ~= nil'

test('a Tarantool before 3.0 is a clear error', async context => {
  context.skip(has('a config file'), 'Tarantool 3 reads a config')
  const cluster = newCluster({ app: oneInstance() })
  await expect(cluster.start()).rejects.toMatchObject({
    code: 'ERR_TARANTOOL_UNSUPPORTED_VERSION',
    summary: expect.stringContaining("option 'app' needs Tarantool 3.0 or later"),
  })
  expect(contentOf(cluster.directory)).toEqual([])
  expect(cluster.state).toBe('failed')
})

describe('one instance', () => {
  beforeEach(context => skipWithout('a config file', context))

  test('runs the application where it stands, and writes nothing beside it', async () => {
    const app = oneInstance()
    const before = contentOf(app)
    const cluster = await newCluster({ app, ready }).start()
    const instance = cluster.instance()
    expect(await instance.call('where_am_i')).toEqual(['only-001', app])
    await instance.call('add_user', 1, 'ann')
    expect(await instance.command('box.snapshot()')).toEqual(['ok'])
    expect(contentOf(app)).toEqual(before)
    expect(readdirSync(instance.workDir).filter(name => name.endsWith('.snap'))).toHaveLength(2)
    expect(cluster.instances.map(({ name }) => name)).toEqual(['only-001'])
    expect(cluster.replicasets).toEqual({ r: ['only-001'] })
    await cluster.stop()
    expect(contentOf(cluster.directory)).toEqual([])
    expect(contentOf(app)).toEqual(before)
  })

  test('is reached over TCP on 127.0.0.1, with an account of its own', async () => {
    const cluster = await newCluster({ app: oneInstance() }).start()
    const { host, port, credentials, fingerprint } = cluster.instance()
    expect([host, typeof port, credentials?.user]).toEqual(['127.0.0.1', 'number', 'tarantool_fixture'])
    expect(fingerprint).toBe(`Tarantool only-001[127.0.0.1:${port}]`)
    expect(await cluster.instance().eval('return box.session.user()')).toEqual(['tarantool_fixture'])
  })

  test('is reached as a user of the config', async () => {
    const cluster = await newCluster({ app: oneInstance(), as: 'app' }).start()
    expect(cluster.instance().credentials).toEqual({ user: 'app', password: 'secret' })
    expect(await cluster.instance().eval('return box.session.user()')).toEqual(['app'])
    expect(await cluster.instance().eval("return box.space._user.index.name:count('tarantool_fixture')")).toEqual([0])
  })

  test('restarts on its address with its data; anew without', async () => {
    const cluster = await newCluster({ app: oneInstance(), ready }).start()
    const { uri } = cluster.instance()
    await cluster.instance().call('add_user', 1, 'ann')
    await cluster.restart()
    expect(await cluster.instance().eval('return box.space.users:count()')).toEqual([1])
    await cluster.restart({ recreate: true })
    expect(await cluster.instance().eval('return box.space.users:count()')).toEqual([0])
    expect(cluster.instance().uri).toBe(uri)
  })

  test('gets no TT_* of its owner, and what env says', async () => {
    vi.stubEnv('TT_LOG_LEVEL', 'debug')
    vi.stubEnv('TT_INSTANCE_NAME', 'another')
    const cluster = await newCluster({ app: oneInstance(), env: { SHOP: 'open' } }).start()
    const asked = "return os.getenv('TT_LOG_LEVEL'), os.getenv('SHOP'), require('config'):get('log.level')"
    expect(await cluster.instance().eval(asked)).toEqual([null, 'open', 5])
    vi.unstubAllEnvs()
  })

  test('logs to its own file, whatever the config says', async () => {
    const app = oneInstance("log: { to: file, file: '/var/log/production.log', format: json }")
    const cluster = await newCluster({ app }).start()
    await cluster.instance().eval("require('log').info('a line of the test')")
    await cluster.instance().waitForLog('"message": "a line of the test"')
    expect(cluster.instance().logFile).toBe(join(cluster.directory, 'only-001', 'tarantool.log'))
  })

  test('leaves out the places of production', async () => {
    const app = oneInstance(`
process: { work_dir: /nowhere/shop, pid_file: /nowhere/shop.pid, background: true, username: nobody }
wal: { dir: /nowhere/wal, mode: none }
snapshot: { dir: /nowhere/snap }
console: { socket: /nowhere/console }`)
    const cluster = await newCluster({ app }).start()
    expect(await cluster.instance().call('where_am_i')).toEqual(['only-001', app])
    expect(await cluster.instance().eval('return box.cfg.wal_mode, box.cfg.wal_dir')).toEqual([
      'none',
      cluster.instance().workDir,
    ])
  })

  test('a clash of two clusters of one application: none', async () => {
    const app = oneInstance()
    const clusters = [newCluster({ app, ready }), newCluster({ app, ready })]
    await Promise.all(clusters.map(cluster => cluster.start()))
    await clusters[0]?.instance().call('add_user', 1, 'ann')
    const counts = clusters.map(cluster => cluster.instance().eval('return box.space.users:count()'))
    expect(await Promise.all(counts)).toEqual([[1], [0]])
  })

  test('only its owner can read its config, which has passwords', async () => {
    const cluster = await newCluster({ app: oneInstance() }).start()
    expect(statSync(join(cluster.directory, 'config.yaml')).mode & 0o777).toBe(0o600)
  })

  test('a stop during the start ends it', async () => {
    const cluster = newCluster({ app: oneInstance(), ready: 'return false' })
    const started = cluster.start()
    started.catch(() => {})
    await expect
      .poll(() => contentOf(join(cluster.directory, 'only-001')), { timeout: 10_000 })
      .toContain('tarantool.log')
    await cluster.stop()
    await expect(started).rejects.toMatchObject({ code: 'ERR_TARANTOOL_START_ABORTED' })
    expect(cluster.state).toBe('stopped')
    expect(contentOf(cluster.directory)).toEqual([])
  })

  test("keep: 'on-failure' keeps the directory of a cluster that is marked, and of no other", async () => {
    const root = temporaryDirectory()
    const cluster = await newCluster({ app: oneInstance(), keep: 'on-failure', root }).start()
    await cluster.stop()
    expect(contentOf(cluster.directory)).toEqual([])
    await cluster.start()
    cluster.markFailed()
    await cluster.stop()
    expect(readFileSync(join(cluster.directory, 'only-001', 'tarantool.log'), 'utf8')).toContain('ready to accept')
  })

  test('the path of the yaml names the application, too', async () => {
    const app = join(oneInstance(), 'config.yaml')
    const cluster = await newCluster({ app }).start()
    const { pid } = cluster.instance()
    await cluster.kill()
    expect(isAlive(pid ?? 0)).toBe(false)
  })

  test('modules of its directory and of .rocks are found', async () => {
    const app = writeFiles({
      'config.yaml': 'app: { module: shop.main }\ngroups: { g: { replicasets: { r: { instances: { i: {} } } } } }',
      'shop/main.lua': "price = require('price-list').price",
      '.rocks/share/tarantool/price-list.lua': 'return { price = 5 }',
    })
    const cluster = await newCluster({ app }).start()
    expect(await cluster.instance().eval('return price')).toEqual([5])
  })
})
