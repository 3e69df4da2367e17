import { describe, expect, test } from 'vitest'
import type { TarantoolCluster } from '../../src/index.ts'
import { newCluster } from '../support/clusters.ts'
import { has } from '../support/features.ts'
import { useOwnCache, writeFiles } from '../support/instances.ts'
import { onEach } from '../support/members.ts'

useOwnCache()

// The application of the storages has a vinyl space. Its truncation cannot be undone in place.
const files = {
  'storage.lua': `
box.watch('box.status', function()
    if box.info.ro then return end
    box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })
    box.schema.space.create('events', { engine = 'vinyl', if_not_exists = true }):create_index('id', { if_not_exists = true })
end)`,
  'router.lua': "function greet() return 'hello' end",
  'config.yaml': `
credentials: { users: { replicator: { password: secret, roles: [replication] } } }
iproto: { advertise: { peer: { login: replicator } } }
replication: { failover: manual, timeout: 0.1 }
groups:
  routers:
    app: { file: router.lua }
    replicasets: { r: { leader: r-001, instances: { r-001: {} } } }
  storages:
    app: { file: storage.lua }
    replicasets:
      s: { leader: s-001, instances: { s-001: {}, s-002: {} } }
      t: { leader: t-001, instances: { t-001: {}, t-002: {} } }
`,
}

const state = `return { users = box.space.users and box.space.users:select(), events = box.space.events and box.space.events:select(),
  new_global = rawget(_G, 'new_global'), ro = box.info.ro, status = box.info.status }`

const start = async (): Promise<TarantoolCluster> => {
  const cluster = await newCluster({
    ...{ app: writeFiles(files), connect: 't-001', recordChanges: true, timeout: 20_000 },
    seedOn: ['s-001', 't-001'],
    seedLua: "box.space.users:insert({ 1, 'ann' }) box.space.events:insert({ 1 })",
    ready: "return box.info.name == 'r-001' or box.space.events ~= nil",
  }).start()
  for (const leader of ['s-001', 't-001']) await cluster.waitForVclock(leader)
  return cluster
}

/** Tells the instances whose processes are others than when it was made. */
function newcomersOf(cluster: TarantoolCluster): () => string[] {
  const pids = new Map(cluster.instances.map(({ name, pid }) => [name, pid]))
  return () => cluster.instances.filter(({ name, pid }) => pid !== pids.get(name)).map(({ name }) => name)
}

const changeAll = async (cluster: TarantoolCluster): Promise<void> => {
  await cluster.instance('s-001').eval("box.space.users:replace({ 1, 'bob' }) box.space.users:insert({ 2 })")
  await cluster.instance('t-001').eval('box.space.users:delete(1) box.space.events:insert({ 2 })')
  await cluster.instance('r-001').eval("rawset(_G, 'new_global', 1)")
}

const lose = async (cluster: TarantoolCluster): Promise<unknown> =>
  await cluster.instance('s-001').eval('box.space.events:truncate()')

describe.skipIf(!has('a config file'))('a reset of a cluster with several replica sets', () => {
  test.each<[string, (cluster: TarantoolCluster) => Promise<unknown>, string[]]>([
    ['whose record is lost', lose, ['s-001', 's-002']],
    [
      'whose members have all ended',
      async cluster =>
        await Promise.all(['s-001', 's-002'].map(name => cluster.instance(name).kill({ cleanup: false }))),
      ['s-001', 's-002'],
    ],
    ['that is one instance', async cluster => await cluster.instance('r-001').kill({ cleanup: false }), ['r-001']],
  ])('replaces only a set %s', async (_, disturb, replaced) => {
    const cluster = await start()
    const before = await onEach(cluster, state)
    const ports = cluster.instances.map(({ port }) => port)
    for (let round = 0; round < 2; round++) {
      const newcomers = newcomersOf(cluster)
      await changeAll(cluster)
      await disturb(cluster)
      expect(await cluster.ask('enter', 0)).toMatchObject({ kept: [] })
      expect(await onEach(cluster, state)).toEqual(before)
      expect(newcomers()).toEqual(replaced)
    }
    expect(cluster.instances.map(({ port }) => port)).toEqual(ports)
    const newcomers = newcomersOf(cluster)
    await changeAll(cluster)
    expect(await cluster.ask('rewind', 0)).toMatchObject({ kept: [] })
    expect(await onEach(cluster, state)).toEqual(before)
    expect(newcomers()).toEqual([])
  })

  test('replaces a set although hooks have changed another one', async () => {
    const cluster = await start()
    await cluster.instance('t-001').eval("box.space.users:insert({ 5, 'of the hooks' })")
    await cluster.instance('r-001').eval("rawset(_G, 'new_global', 2)")
    expect(await cluster.ask('enter', 1)).toMatchObject({ kept: [true] })
    const before = await onEach(cluster, state)
    const newcomers = newcomersOf(cluster)
    await changeAll(cluster)
    await lose(cluster)
    await cluster.instance('t-002').kill({ cleanup: false })
    expect(await cluster.ask('enter', 1)).toMatchObject({ kept: [true] })
    expect(await onEach(cluster, state)).toEqual(before)
    expect(newcomers()).toEqual(['s-001', 's-002', 't-002'])
    await cluster.instance('t-001').eval('box.space.events:truncate()')
    const { lost } = await cluster.ask('enter', 1)
    for (const name of ['t-001', 't-002'])
      expect(lost).toContain(`instance '${name}': vinyl space 'events' was truncated`)
  })
})
