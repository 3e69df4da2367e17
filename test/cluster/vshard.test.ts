import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { newCluster } from '../support/clusters.ts'
import { has } from '../support/features.ts'
import { writeFiles } from '../support/instances.ts'

// A checkout of https://github.com/tarantool/vshard.
const vshard = process.env.TEST_VSHARD
const buckets = 300

const storage = `
box.watch('box.status', function()
    if box.info.ro then return end
    local users = box.schema.space.create('users', {
        if_not_exists = true,
        format = { { 'id', 'unsigned' }, { 'bucket_id', 'unsigned' }, { 'name', 'string' } },
    })
    users:create_index('id', { if_not_exists = true })
    users:create_index('bucket_id', { parts = { 'bucket_id' }, unique = false, if_not_exists = true })
end)
function put_user(id, bucket_id, name) return box.space.users:replace({ id, bucket_id, name }) end
function get_user(id) return box.space.users:get(id) end
`

const router = `
local vshard = require('vshard')
function put(id, name)
    local bucket_id = vshard.router.bucket_id_strcrc32(id)
    local row, why = vshard.router.callrw(bucket_id, 'put_user', { id, bucket_id, name }, { timeout = 5 })
    if row == nil then error(why) end
    return row
end
function get(id)
    local row, why = vshard.router.callro(vshard.router.bucket_id_strcrc32(id), 'get_user', { id }, { timeout = 5 })
    if why ~= nil then error(why) end
    return row
end
function state()
    local bucket = vshard.router.info().bucket
    return bucket.available_rw, bucket.unknown, bucket.unreachable
end
`

const config = `
credentials:
  users:
    replicator: { password: secret, roles: [replication] }
    storage: { password: secret, roles: [sharding, replication] }
iproto: { advertise: { peer: { login: replicator }, sharding: { login: storage } } }
replication: { failover: manual, timeout: 0.1 }
sharding: { bucket_count: ${buckets} }
groups:
  routers:
    app: { file: router.lua }
    sharding: { roles: [router] }
    replicasets: { r: { leader: router-001, instances: { router-001: {} } } }
  storages:
    app: { file: storage.lua }
    sharding: { roles: [storage] }
    replicasets:
      s1: { leader: s1-a, instances: { s1-a: {}, s1-b: {} } }
      s2: { leader: s2-a, instances: { s2-a: {}, s2-b: {} } }
`

describe.skipIf(!has('a config file') || vshard === undefined)('vshard (needs Tarantool 3 and TEST_VSHARD)', () => {
  const app = (files: Readonly<Record<string, string>> = {}): string =>
    writeFiles({ 'config.yaml': config, 'router.lua': router, 'storage.lua': storage, ...files })
  const env = { LUA_PATH: `${join(vshard ?? '', '?.lua')};${join(vshard ?? '', '?/init.lua')};;` }

  test('the cluster is ready when all buckets are active, and the router answers', async () => {
    const cluster = await newCluster({ app: app(), env, connect: 'router-001' }).start()
    expect(await cluster.instance().call('state')).toEqual([buckets, 0, 0])
    for (let id = 1; id <= 20; id++) await cluster.instance().call('put', id, `user ${id}`)
    expect(await cluster.instance().call('get', 7)).toEqual([[7, expect.any(Number), 'user 7']])
    const counts = await Promise.all(
      ['s1-a', 's2-a'].map(async name => {
        const [rows, active] = await cluster
          .instance(name)
          .eval("return box.space.users:count(), box.space._bucket.index.status:count('active')")
        return { rows: Number(rows), active }
      }),
    )
    expect(counts.map(({ active }) => active)).toEqual([buckets / 2, buckets / 2])
    expect(counts.every(({ rows }) => rows > 0)).toBe(true)
    expect(counts.reduce((sum, { rows }) => sum + rows, 0)).toBe(20)
  })

  test('it is ready again after a restart with its data, and after an empty one', async () => {
    const cluster = await newCluster({ app: app(), env, connect: 'router-001' }).start()
    await cluster.instance().call('put', 1, 'ann')
    await cluster.restart()
    expect(await cluster.instance().call('state')).toEqual([buckets, 0, 0])
    expect(await cluster.instance().call('get', 1)).toEqual([[1, expect.any(Number), 'ann']])
    await cluster.restart({ recreate: true })
    expect(await cluster.instance().call('state')).toEqual([buckets, 0, 0])
    expect(await cluster.instance().call('get', 1)).toEqual([null])
  })

  test('the router reaches the storages through links', async () => {
    const cluster = await newCluster({ app: app(), env, connect: 'router-001', links: true }).start()
    const router = cluster.instance()
    for (let id = 1; id <= 20; id++) await router.call('put', id, `user ${id}`)
    await cluster.waitForVclock('s1-a')
    await cluster.waitForVclock('s2-a')
    await cluster.partition(['router-001'], ['s1-a'])
    const ids = [...Array(20).keys()].map(index => index + 1)
    const outcomes = async (name: string): Promise<boolean[]> =>
      await Promise.all(
        ids.map(id =>
          router.call(name, id, `user ${id}`).then(
            () => true,
            () => false,
          ),
        ),
      )
    const written = await outcomes('put')
    expect(new Set(written)).toEqual(new Set([true, false]))
    // The replica answers.
    expect(await outcomes('get')).toEqual(ids.map(() => true))
    await cluster.heal()
    await expect.poll(() => outcomes('put'), { timeout: 20_000, interval: 100 }).toEqual(ids.map(() => true))
    expect(await router.call('state')).toEqual([buckets, 0, 0])
  }, 60_000)

  test('after a reset that has replaced a replica set, the router reaches it again', async () => {
    const cluster = await newCluster({ app: app(), env, connect: 'router-001', recordChanges: true }).start()
    const router = cluster.instance()
    const pids = (): unknown[] => cluster.instances.map(({ pid }) => pid)
    for (const ended of [['s1-a', 's1-b'], ['s2-a'], ['router-001', 's2-b']]) {
      const before = pids()
      for (let id = 1; id <= 20; id++) await router.call('put', id, `user ${id}`)
      await Promise.all(ended.map(name => cluster.instance(name).kill({ cleanup: false })))
      expect((await cluster.ask('enter', 0)).lost).toBeUndefined()
      expect(await router.call('state')).toEqual([buckets, 0, 0])
      for (let id = 1; id <= 20; id++) expect(await router.call('get', id)).toEqual([null])
      expect(cluster.instances.filter((_, index) => pids()[index] !== before[index]).map(({ name }) => name)).toEqual(
        ended,
      )
    }
  }, 60_000)

  test('it is not ready before: the error says what vshard lacks', async () => {
    // The router's own function: a storage would replace its functions later than the router may call them.
    const broken = `${router} vshard.router.bootstrap = function() return nil, { message = 'not today' } end`
    const cluster = newCluster({ app: app({ 'router.lua': broken }), env, timeout: 8000 })
    await expect(cluster.start()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_START_TIMEOUT',
      summary: expect.stringMatching(/router-001.* was not ready within 8000 ms: vshard: .*not today/),
    })
  })
})
