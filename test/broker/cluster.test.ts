import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { HeldServers } from '../../src/broker/hold/held-servers.ts'
import { Pool } from '../../src/broker/pool.ts'
import { resolveFixture, resolveOwnServer } from '../../src/config/fixture-config.ts'
import { readKeptCluster } from '../../src/instance/kept/cluster.ts'
import { readKept } from '../../src/instance/kept/manifest.ts'
import { oneInstance, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, temporaryDirectory } from '../support/instances.ts'
import { evaluate, lease } from '../support/leased.ts'
import { resolvedServer } from '../support/resolved.ts'

const noSnapshot = "box.snapshot = function() error('no snapshot today') end"

const ready = 'return box.info.ro or box.space.users ~= nil'

describe('a leased cluster', () => {
  beforeEach(context => skipWithout('a config file', context))

  test('is the instance that connect names, and has the others', async () => {
    const { server } = await lease({ app: threeInstances(), connect: 's-001' })
    const { cluster, name, version, records } = server.info()
    expect([name, records, version]).toEqual(['default', true, expect.stringMatching(/^3\./)])
    expect(cluster).toMatchObject({ connect: 's-001', instances: ['r-001', 's-001', 's-002'] })
    expect(cluster?.members.map(member => [member.name, member.memberOf])).toEqual([
      ['r-001', 'default'],
      ['s-002', 'default'],
    ])
  })

  test('has changed after a write or a stop, and after a renewal it has not', async () => {
    const { server } = await lease({
      app: threeInstances(),
      connect: 's-001',
      ready: ready.replace('box.info.ro', 'true'),
    })
    const changed = async () => (await server.cluster.ask('dirty', 0)).dirty
    expect(await changed()).toBe(false)
    await evaluate(server, 'return box.space.users:count()')
    expect(await changed()).toBe(false)
    await evaluate(server, "box.space.users:insert({ 1, 'ann' })")
    expect(await changed()).toBe(true)
    const before = server.info()
    const after = await server.renew()
    expect([after.uri, after.pid === before.pid, await changed()]).toEqual([before.uri, false, false])
    await server.cluster.member('r-001').stop()
    expect(await changed()).toBe(true)
    expect((await server.ensure()).cluster?.members.map(({ pid }) => pid === 0)).toEqual([false, false])
    expect(await changed()).toBe(true)
    await server.renew()
    expect(await changed()).toBe(false)
  })

  test('is still a cluster after a restart of the instance that connect names', async () => {
    const { server } = await lease({ app: oneInstance() })
    const { cluster } = server.info()
    await server.stop()
    for (const info of [await server.start(false), await server.restart(false)]) expect(info.cluster).toEqual(cluster)
    const member = server.cluster.member('only-001')
    for (const info of [await member.restart(false), await member.ensure()]) expect(info.cluster).toEqual(cluster)
  })

  test('cannot be held: its data is kept, it stays, and says why', async () => {
    const held = new HeldServers('on-failure')
    const { server } = await lease({ app: oneInstance(), hold: 'on-failure', root: temporaryDirectory() }, held)
    const { pid, holding } = server.info()
    const { hold, kept, successor } = await server.testFailed({ test: 'adds a user', isNeeded: false })
    const reason = 'the instances of a cluster cannot move'
    expect([holding, hold, successor]).toEqual(['on-failure', { reason }, undefined])
    const directory = kept && 'directory' in kept ? kept.directory : ''
    expect(readKeptCluster(directory)).toMatchObject({ test: 'adds a user', server: 'default', members: ['only-001'] })
    const about = { test: 'adds a user', testFile: undefined, server: 'default' }
    expect([held.list, held.notHeld, server.info().pid]).toEqual([[], [{ about, reason, directory }], pid])
  })

  test('is replaced from its template: the same instances, with the rows of the seed', async () => {
    const seeded = { seed: { users: [[1, 'ann']] }, ready: `${ready} and box.space.users.index[0] ~= nil` }
    const { server } = await lease({ app: oneInstance(), ...seeded })
    const question = 'return box.info.uuid, box.space.users:select()'
    const before = await evaluate(server, question)
    expect(before[1]).toEqual([[1, 'ann']])
    await evaluate(server, 'box.space.users:truncate()')
    expect((await server.cluster.ask('dirty', 0)).dirty).toBe(true)
    await server.renew()
    expect(await evaluate(server, question)).toEqual(before)
    expect((await server.cluster.ask('dirty', 0)).dirty).toBe(false)
  })

  test('a changed config counts as a change, and ends with a renewal', async () => {
    const { server } = await lease({ app: oneInstance() })
    await server.cluster.set({ 'log.level': 7 })
    expect(await evaluate(server, 'return box.cfg.log_level')).toEqual([7])
    expect((await server.cluster.ask('dirty', 0)).dirty).toBe(true)
    await server.renew()
    expect(await evaluate(server, 'return box.cfg.log_level')).toEqual([5])
    await server.cluster.reload({
      groups: { g: { replicasets: { r: { instances: { 'only-001': {} } } } } },
      log: { level: 3 },
    })
    expect((await server.cluster.ask('dirty', 0)).dirty).toBe(true)
    expect((await server.renew()).pid).toBeGreaterThan(0)
    expect(await evaluate(server, 'return box.cfg.log_level')).toEqual([5])
  })

  test.each(['', noSnapshot])(
    "with keep: 'on-failure', the data of a failed test is kept, and the address stays: %s",
    async broken => {
      const root = temporaryDirectory()
      const options = resolvedServer({ app: oneInstance(), keep: 'on-failure', root })
      const pool = new Pool({ name: 'default', server: options, root })
      const { server } = await pool.lease(1)
      await evaluate(server, `box.space.users:insert({ 1, 'ann' }) ${broken}`)
      const before = server.info()
      const { kept } = await server.testFailed({ test: 'adds a user', testFile: 'users.test.ts' })
      expect((await server.renew()).port).toBe(before.port)
      expect(await evaluate(server, 'return #box.space.users:select()')).toEqual([0])
      expect(await pool.close()).toEqual([])
      const directory = kept && 'directory' in kept ? kept.directory : ''
      expect(contentOf(root)).toEqual([directory.slice(root.length + 1)])
      const manifest = readKept(join(directory, 'only-001'))
      expect(manifest).toMatchObject({ test: 'adds a user', testFile: 'users.test.ts', instance: 'only-001' })
      expect(manifest.reason).toEqual(broken === '' ? undefined : expect.stringContaining('no snapshot today'))
    },
  )
})

test('a single server is no cluster', async () => {
  const { server } = await lease()
  expect(() => server.cluster).toThrow("server 'default' is no cluster")
})

describe('options', () => {
  test.each<[string, object, string]>([
    ['appLua', { appLua: 'x = 1' }, "option 'appLua' cannot be used with 'app'"],
    ['boxCfg', { boxCfg: { readahead: 1 } }, "option 'boxCfg' cannot be used with 'app'"],
    ['docker', { docker: {} }, "option 'docker' cannot be used with 'app'"],
  ])('app beside %s is refused', (_, options, message) => {
    expect(() => resolvedServer({ app: oneInstance(), ...options })).toThrow(message)
  })

  test.each(['connect', 'as', 'instances', 'ready'])('%s without app is refused', name => {
    expect(() => resolvedServer({ [name]: 'x' })).toThrow(`option '${name}' needs the option 'app'`)
  })

  test('a server of the other kind has none of the defaults for one kind', () => {
    const app = oneInstance()
    const shared = { appLua: 'x = 1', memtxMemory: 2 ** 26, stopTimeout: 100 }
    const fixture = resolveFixture({ ...shared, servers: { default: {}, shop: { app } } }, temporaryDirectory())
    expect(fixture.servers.get('shop')).toMatchObject({ appLua: undefined, stopTimeout: 100, timeout: 30_000 })
    expect(fixture.servers.get('default')?.application).toBeUndefined()
    expect(resolveOwnServer(fixture, { app }, '/').application?.directory).toBe(app)
    const cluster = resolveFixture({ app, connect: 'x', seed: { users: [] } }, temporaryDirectory())
    expect(resolveOwnServer(cluster, { app: oneInstance() }, '/').seed).toEqual([])
    expect(resolveOwnServer(cluster, { isolation: 'file' }, '/').seed).toHaveLength(1)
    expect(resolveOwnServer(cluster, { appLua: 'x = 1' }, '/').application).toBeUndefined()
  })
})
