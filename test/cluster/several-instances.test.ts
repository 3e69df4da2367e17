import { beforeEach, describe, expect, test } from 'vitest'
import { newCluster, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, isAlive } from '../support/instances.ts'

const inReplica = { timeout: 10_000, interval: 10 }

describe('a cluster', () => {
  beforeEach(context => skipWithout('a config file', context))

  test('starts all instances, which replicate both ways, with a writable leader', async () => {
    const cluster = await newCluster({ app: threeInstances(), connect: 'r-001' }).start()
    expect(cluster.instances.map(({ name }) => name)).toEqual(['r-001', 's-001', 's-002'])
    expect(cluster.replicasets).toEqual({ r: ['r-001'], s: ['s-001', 's-002'] })
    expect(await cluster.instance().call('greet')).toEqual(['hello from r-001'])
    const leader = await cluster.leader('s')
    expect(leader).toBe(cluster.instance('s-001'))
    for (const name of ['s-001', 's-002']) {
      const streams = `local streams = {}
        for _, replica in pairs(box.info.replication) do
            if replica.upstream then table.insert(streams, replica.upstream.status) end
            if replica.downstream then table.insert(streams, replica.downstream.status) end
        end
        return streams`
      expect(await cluster.instance(name).eval(streams)).toEqual([['follow', 'follow']])
    }
    await leader.eval("box.space.users:insert({ 1, 'ann' })")
    const replica = cluster.instance('s-002')
    await expect.poll(() => replica.eval('return box.space.users:count()'), inReplica).toEqual([1])
  })

  test.each([
    ['of Tarantool', {}],
    ['of the config', { 'replication.connect_timeout': 7 }],
  ])('an instance that starts while others do not run has the options %s', async (_, set) => {
    const cluster = await newCluster({ app: threeInstances(), set }).start()
    const storages = ['s-001', 's-002'].map(name => cluster.instance(name))
    const options = (): Promise<unknown> =>
      Promise.all(storages.map(storage => storage.eval('return box.cfg.replication_connect_timeout')))
    const before = await options()
    for (const storage of storages) await storage.kill({ cleanup: false })
    for (const storage of storages) await storage.start({ recreate: false })
    expect(await options()).toEqual(before)
    await cluster.set({ 'log.level': 6 })
    expect(await options()).toEqual(before)
  })

  test('a replica that is killed comes back with its data, and catches up', async () => {
    const cluster = await newCluster({ app: threeInstances() }).start()
    const [leader, replica] = [cluster.instance('s-001'), cluster.instance('s-002')]
    const { port } = replica
    await replica.kill({ cleanup: false })
    expect(cluster.state).toBe('running')
    await leader.call('add_user', 1, 'ann')
    await replica.start({ recreate: false })
    expect(replica.port).toBe(port)
    await expect.poll(() => replica.eval('return box.space.users:count()'), inReplica).toEqual([1])
  })

  test('an instance starts with its data while the others of its replica set do not run', async () => {
    const cluster = await newCluster({ app: threeInstances() }).start()
    const [leader, replica] = [cluster.instance('s-001'), cluster.instance('s-002')]
    await replica.kill({ cleanup: false })
    await leader.call('add_user', 1, 'ann')
    await leader.kill({ cleanup: false })
    await replica.start({ recreate: false })
    expect(await replica.eval('return box.space.users:count()')).toEqual([0])
    await leader.start({ recreate: false })
    await cluster.waitForFullMesh()
    expect(await replica.eval('return box.space.users:count()')).toEqual([1])
  })

  test('a leader that is stopped leaves none; another one takes over by set()', async () => {
    const cluster = await newCluster({ app: threeInstances() }).start()
    await cluster.instance('s-001').stop({ cleanup: false })
    await expect(cluster.leader('s')).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_CLUSTER_CONFIG',
      summary: "replica set 's' has no leader: 's-002' is read-only, and 's-001' does not run",
    })
    await cluster.set({ 'groups.storages.replicasets.s.leader': 's-002' })
    expect(await cluster.leader('s')).toBe(cluster.instance('s-002'))
    await cluster.instance('s-002').call('add_user', 1, 'ann')
  })

  test('an elected leader is waited for', async () => {
    const app = threeInstances()
    const set = {
      'replication.failover': 'election',
      'groups.storages.replicasets.s.leader': null,
      'groups.routers.replicasets.r.leader': null,
      'replication.synchro_quorum': 1,
    }
    const cluster = await newCluster({ app, set }).start()
    const leader = await cluster.leader('s')
    expect(await leader.eval('return box.info.election.state, box.info.ro')).toEqual(['leader', false])
  })

  test('only the chosen instances run, and no other waits for them', async () => {
    const cluster = await newCluster({ app: threeInstances(), instances: [/^r-/, 's-001'] }).start()
    expect(cluster.instances.map(({ name }) => name)).toEqual(['r-001', 's-001'])
    expect(await cluster.instance('s-001').eval('return #box.info.replication')).toEqual([1])
  })

  test('instances.yml says which run', async () => {
    const app = threeInstances({ 'instances.yml': 's-001:\ns-002:\n' })
    const cluster = await newCluster({ app }).start()
    expect(cluster.instances.map(({ name }) => name)).toEqual(['s-001', 's-002'])
  })

  test('all restart together with their data', async () => {
    const cluster = await newCluster({ app: threeInstances() }).start()
    await cluster.instance('s-001').call('add_user', 1, 'ann')
    await cluster.restart()
    expect(await cluster.instance('s-001').eval('return box.space.users:count()')).toEqual([1])
    await cluster.restart({ recreate: true })
    expect(await cluster.instance('s-001').eval('return box.space.users:count()')).toEqual([0])
  })

  test('an instance that fails takes the others down, and is named', async () => {
    const storage = "if box.info.name == 's-002' then local settings; return settings.port end"
    const cluster = newCluster({ app: threeInstances({ 'storage.lua': storage }) })
    const error = await cluster.start().catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'ERR_TARANTOOL_INIT_SCRIPT',
      line: 1,
      file: expect.stringMatching(/\/storage\.lua$/),
      summary: expect.stringMatching(/storage\.lua:1: .*'settings'.*\(Tarantool s-002\[.*\] did not start\)/),
    })
    expect(cluster.state).toBe('failed')
    for (const { state } of cluster.instances) expect(state).not.toBe('running')
    expect(contentOf(cluster.directory)).toEqual([])
  })

  test('a replica that never syncs: the error says what it waits for', async () => {
    const lonely = "if box.info.name == 's-002' then box.cfg{ replication = {} } end"
    const cluster = newCluster({ app: threeInstances({ 'storage.lua': lonely }), timeout: 4000 })
    const error = await cluster.start().catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'ERR_TARANTOOL_START_TIMEOUT',
      summary: expect.stringMatching(/was not ready within 4000 ms: replication (?:from|to) 's-00\d'/),
    })
    // An error of the instance as the cause would show the log once more.
    expect((error as Error).cause).toBeUndefined()
  })

  test('instances without a user for their replication: the error says so, and names the option', async () => {
    const cluster = newCluster({ app: threeInstances(), set: { 'iproto.advertise.peer': null }, timeout: 5000 })
    await expect(cluster.start()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_START_TIMEOUT',
      summary: expect.stringMatching(
        /'s-00\d' may not replicate: Write access to space '_cluster' is denied for user 'guest'/,
      ),
      hint: expect.stringContaining('iproto.advertise.peer.login'),
      logTail: expect.arrayContaining([expect.stringContaining('is denied')]),
    })
    expect(contentOf(cluster.directory)).toEqual([])
  })

  test('a stop ends all, whatever state they are in', async () => {
    const cluster = await newCluster({ app: threeInstances() }).start()
    const pids = cluster.instances.map(({ pid }) => pid ?? 0)
    await cluster.instance('s-002').pause()
    await cluster.stop()
    expect(pids.filter(isAlive)).toEqual([])
    expect(contentOf(cluster.directory)).toEqual([])
    await cluster.start()
    expect(await cluster.instance('r-001').call('greet')).toEqual(['hello from r-001'])
  })
})
