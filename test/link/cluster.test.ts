import { beforeEach, describe, expect, test } from 'vitest'
import { type AnyCluster, InvalidOptionError, NotRunningError, type TarantoolReplicaSet } from '../../src/index.ts'
import { appOfMembers, newCluster, newReplicaSet, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, newInstance, useOwnCache } from '../support/instances.ts'
import { Client } from './client.ts'

useOwnCache()

const eventually = { timeout: 10_000, interval: 10 }

const newSet = (replicas = 3): TarantoolReplicaSet =>
  newReplicaSet({ replicas, name: 'm', appLua: appOfMembers, links: true })

/** The status of a member's replication from another, by the numbers of the members. */
const upstream = async (set: AnyCluster, from: string, id: number): Promise<unknown> =>
  (await set.instance(from).eval(`local up = box.info.replication[${id}].upstream return up and up.status`))[0]

const rows = async (cluster: AnyCluster, name: string): Promise<unknown> =>
  (await cluster.instance(name).eval('return box.space.users:count()'))[0]

const idOf = async (set: AnyCluster, name: string): Promise<number> =>
  Number((await set.instance(name).eval('return box.info.id'))[0])

describe('the links of a replica set', () => {
  test('carry the replication: one that is cut stops one direction, until it is healed', async () => {
    const set = await newSet().start()
    const [one, two] = [await idOf(set, 'm-1'), await idOf(set, 'm-2')]
    expect(await upstream(set, 'm-2', one)).toBe('follow')
    await set.link('m-2', 'm-1').cut()
    await expect.poll(() => upstream(set, 'm-2', one), eventually).toBe('disconnected')
    expect(await upstream(set, 'm-1', two)).toBe('follow')
    expect(await upstream(set, 'm-3', one)).toBe('follow')
    await expect(set.waitForFullMesh({ timeout: 50 })).rejects.toThrow(
      /no full mesh within 50 ms: ('m-1': 'm-2' does not replicate from it|'m-2': its replication from 'm-1' is 'disconnected')/,
    )
    await set.link(set.instance('m-2'), set.instance('m-1')).heal()
    await set.waitForFullMesh()
  })

  test('separate the groups of a partition, and nothing is lost', async () => {
    const set = await newSet().start()
    await set.partition(['m-1'], [set.instance('m-2'), 'm-3'])
    await set.instance('m-1').call('add_user', 1, 'ann')
    for (const name of ['m-2', 'm-3']) {
      await expect.poll(async () => await upstream(set, name, await idOf(set, 'm-1')), eventually).toBe('disconnected')
      expect(await rows(set, name)).toBe(0)
    }
    await expect(set.waitForVclock('m-1', { timeout: 50 })).rejects.toThrow(
      /'m-2': it has change .*; 'm-3': it has change /,
    )
    expect(await upstream(set, 'm-2', await idOf(set, 'm-3'))).toBe('follow')
    await set.heal()
    await set.waitForVclock('m-1')
    expect(await rows(set, 'm-3')).toBe(1)
  })

  test('have the faults of a link: a row arrives late, or not before the link is healed', async () => {
    const set = await newSet(2).start()
    await set.link('m-2', 'm-1').delay(50)
    const before = performance.now()
    await set.instance('m-1').call('add_user', 1, 'ann')
    await set.waitForVclock('m-1')
    // A timer of Node's can be a millisecond early.
    expect(performance.now() - before).toBeGreaterThan(48)
    await set.link('m-2', 'm-1').hang()
    await set.instance('m-1').call('add_user', 2, 'bob')
    await expect(set.waitForVclock('m-1', { timeout: 100 })).rejects.toThrow("'m-2': it has change")
    await set.link('m-2', 'm-1').heal()
    await set.waitForVclock('m-1')
  })

  test('lead to the addresses of clients, too, which heal() heals', async () => {
    const set = await newSet(2).start()
    const { port } = set.instance('m-2')
    await set.instance('m-2').link.cut()
    await set.link('m-1', 'm-2').cut()
    await expect(Client.connect(port)).rejects.toThrow('ECONNREFUSED')
    await (await Client.connect(set.instance('m-1').port)).ask('the other')
    await set.heal()
    await (await Client.connect(port)).ask('healed')
    await set.waitForFullMesh()
  })

  test('let the whole set start, and have their faults again then', async () => {
    const set = await newSet(2).start()
    await set.partition(['m-1'], ['m-2'])
    await set.restart()
    await set.instance('m-1').call('add_user', 1, 'ann')
    await expect.poll(async () => await upstream(set, 'm-2', await idOf(set, 'm-1')), eventually).toBe('disconnected')
    expect(await rows(set, 'm-2')).toBe(0)
    await set.restart({ recreate: true })
    await expect.poll(async () => await upstream(set, 'm-2', await idOf(set, 'm-1')), eventually).toBe('disconnected')
    await set.heal()
    await set.waitForFullMesh()
    await set.stop()
    expect(contentOf(set.directory)).toEqual([])
    await set.start()
    await set.waitForFullMesh()
  })

  test('let a reset reach all members, and have their faults again then', async () => {
    const set = await newReplicaSet({
      replicas: 2,
      name: 'm',
      appLua: appOfMembers,
      links: true,
      recordChanges: true,
    }).start()
    const pids = set.instances.map(({ pid }) => pid)
    await set.partition(['m-1'], ['m-2'])
    await set.instance('m-1').call('add_user', 1, 'ann')
    expect(await rows(set, 'm-2')).toBe(0)
    await set.reset()
    expect([await rows(set, 'm-1'), await rows(set, 'm-2')]).toEqual([0, 0])
    await set.instance('m-1').call('add_user', 1, 'ann')
    await expect(set.waitForVclock('m-1', { timeout: 50 })).rejects.toThrow("'m-2': it has change")
    expect(set.instances.map(({ pid }) => pid)).toEqual(pids)
  })

  test('do not keep a member from its start, while it cannot reach the others', async () => {
    const set = await newSet(2).start()
    await set.partition(['m-1'], ['m-2'])
    await set.instance('m-2').kill({ cleanup: false })
    await set.instance('m-1').call('add_user', 1, 'ann')
    await set.instance('m-2').start({ recreate: false })
    expect(await rows(set, 'm-2')).toBe(0)
    await set.heal()
    await set.waitForFullMesh()
    expect(await rows(set, 'm-2')).toBe(1)
  })

  test('are there for a member that is added, and not for one that was removed', async () => {
    const set = await newSet(2).start()
    const added = await set.addReplica()
    await set.partition(['m-1', 'm-2'], ['m-3'])
    await set.instance('m-1').call('add_user', 1, 'ann')
    await set.waitForVclock('m-1', { timeout: 100 }).catch(() => {})
    expect([await rows(set, 'm-2'), await rows(set, 'm-3')]).toEqual([1, 0])
    await set.heal()
    await set.waitForVclock('m-1')
    expect(await added.eval('return box.space.users:count()')).toEqual([1])
    const toAdded = set.link('m-1', 'm-3')
    await set.remove('m-3')
    await expect(toAdded.cut()).rejects.toThrow("the link from 'm-1' to 'm-3' has ended: 'm-3' was removed")
    expect(() => set.link('m-1', 'm-3')).toThrow(/no link leads from 'm-1' to 'm-3'.*\n.*lead to: 'm-2'/)
  })

  test('before the address is sound for a member that takes the place of a removed one', async () => {
    const set = await newSet(2).start()
    const { link } = set.instance('m-2')
    await link.cut()
    await set.remove('m-2')
    const added = await set.addReplica({ name: 'm-2' })
    await (await Client.connect(Number(added.port))).greeted()
  })
})

describe('the links of a config', () => {
  beforeEach(context => skipWithout('a config file', context))

  test('carry the replication, also after the config was changed', async () => {
    const cluster = await newCluster({ app: threeInstances(), links: true }).start()
    const [leader] = [await cluster.leader('s')]
    await cluster.set({ 'replication.timeout': 0.2 })
    await cluster.partition(['s-001'], ['s-002'])
    await leader.call('add_user', 1, 'ann')
    const status = async (): Promise<unknown> => await upstream(cluster, 's-002', await idOf(cluster, 's-001'))
    await expect.poll(status, eventually).toBe('disconnected')
    expect(await rows(cluster, 's-002')).toBe(0)
    await cluster.instance('s-002').kill({ cleanup: false })
    await cluster.instance('s-002').start({ recreate: false })
    expect(await rows(cluster, 's-002')).toBe(0)
    await cluster.heal()
    await cluster.waitForVclock(leader)
    expect(await rows(cluster, 's-002')).toBe(1)
    await cluster.instance('r-001').link.cut()
    await expect(Client.connect(cluster.instance('r-001').port)).rejects.toThrow('ECONNREFUSED')
    expect(await cluster.instance('r-001').call('greet')).toEqual(['hello from r-001'])
  })

  test('leave no change that counts, when replication begins again', async () => {
    const cluster = await newCluster({
      app: threeInstances(),
      links: true,
      recordChanges: true,
      ready: 'return box.space.users ~= nil or box.info.name == "r-001"',
    }).start()
    await cluster.partition(['s-001'], ['s-002'])
    await cluster.heal()
    await cluster.waitForFullMesh()
    expect(await cluster.ask('rewind', 0)).toEqual({ undone: 0, kept: [], clients: false })
    await cluster.instance('s-001').eval("box.schema.space.create('own', { is_local = true }):create_index('id')")
    await cluster.waitForVclock('s-001')
    await cluster.instance('s-002').eval('box.space.own:insert({ 1 })')
    expect((await cluster.ask('rewind', 0)).lost).toBeUndefined()
    expect(await cluster.instance('s-002').eval('return box.space.own')).toEqual([null])
  })

  test('lead wherever an instance looks up another', async () => {
    const cluster = await newCluster({ app: threeInstances(), links: true }).start()
    const lua = "return require('config'):instance_uri('peer', { instance = 's-001' }).uri"
    expect(await cluster.instance('r-001').eval(lua)).toEqual([`unix/:${cluster.directory}/l.1-2`])
    expect(await cluster.instance('s-001').eval(lua)).toEqual([`unix/:${cluster.directory}/p.2`])
    const connect = `local c = require('net.box').connect(require('config'):instance_uri('peer', { instance = 's-001' }).uri)
      return c.state`
    expect(await cluster.instance('r-001').eval(connect)).toEqual(['active'])
    await cluster.link('r-001', 's-001').cut()
    expect(await cluster.instance('r-001').eval(connect)).toEqual(['error'])
    expect(await cluster.instance('s-002').eval(connect)).toEqual(['active'])
  })
})

describe('bad input', () => {
  test('a link or a partition that does not exist is refused', async () => {
    const set = await newSet(2).start()
    expect(() => set.link('m-1', 'm-1')).toThrow(
      /no link leads from 'm-1' to itself.*\n.*address of 'm-1' is instance\('m-1'\)\.link/,
    )
    expect(() => set.link('m-9', 'm-1')).toThrow(/no link leads from 'm-9' to 'm-1'.*\n.*instances.*: 'm-1', 'm-2'/)
    expect(() => set.link('m-1', 'm-9')).toThrow(/no link leads from 'm-1' to 'm-9'.*\n.*lead to: 'm-2'/)
    await expect(set.partition(['m-1'], ['m-9'])).rejects.toThrow(
      /partition: the cluster has no instance 'm-9'.*\n.*Instances: 'm-1', 'm-2'/,
    )
    await expect(set.partition(['m-1'], ['m-2', 'm-1'])).rejects.toThrow(
      /the instance 'm-1' is named twice.*\n.*one group/,
    )
    const example = "Such as partition(['m-1'], ['m-2'])."
    await expect(set.partition(['m-1', 'm-2'])).rejects.toMatchObject({
      summary: 'partition() takes at least two groups of instances, and one was given',
      hint: example,
    })
    await expect(set.partition()).rejects.toMatchObject({
      summary: 'partition() takes at least two groups of instances, and none was given',
      hint: example,
    })
    const other = newInstance()
    const stranger = expect.objectContaining({
      code: 'ERR_TARANTOOL_UNKNOWN_SERVER',
      summary: `${other.fingerprint} is not an instance of the cluster`,
      hint: 'Instances: m-1, m-2.',
    })
    expect(() => set.link('m-1', other)).toThrow(stranger)
    await expect(set.partition(['m-1'], [other])).rejects.toThrow(stranger)
    await expect(set.partition(['m-1'], [])).rejects.toThrow('at least one instance')
    await expect(set.partition('m-1' as never, 'm-2' as never)).rejects.toThrow(InvalidOptionError)
    await expect(set.link('m-1', 'm-2').delay(-1)).rejects.toThrow(/milliseconds from 0 .*not -1/)
    await expect(set.link('m-1', 'm-2').delay('1' as never)).rejects.toThrow('not "1"')
    await expect(set.link('m-1', 'm-2').limit(0)).rejects.toThrow('above 0')
    await set.waitForFullMesh()
  })

  test.each<[string, unknown, string?]>([
    ['undefined', undefined],
    ['null', null],
    ['5', 5],
    ['an array', ['m-1']],
    ['an object', {}],
    ['a promise', Promise.resolve('m-1'), 'Await the promise. '],
  ])('%s is no instance', async (text, value, advice = '') => {
    const set = await newSet(2).start()
    const [given, hint] = [value as string, `${advice}Instances: m-1, m-2.`]
    const refusal = (call: string, as = ''): unknown =>
      expect.objectContaining({
        ...{ code: 'ERR_TARANTOOL_INVALID_OPTION', hint },
        summary: `${call} takes an instance of the cluster, or its name${as}, not ${text}`,
      })
    expect(() => set.link('m-1', given)).toThrow(refusal('link(from, to)', " as 'to'"))
    expect(() => set.link(given, 'm-1')).toThrow(refusal('link(from, to)', " as 'from'"))
    await expect(set.partition(['m-1'], [given])).rejects.toThrow(refusal('partition()'))
  })

  test('the link of an instance does not lead to others, and says which links do', async () => {
    const set = await newSet(2).start()
    const { link, fingerprint } = set.instance('m-1')
    // The handle of a test has such a call.
    // The types refuse this call, and JavaScript does not.
    const call = link as unknown as TarantoolReplicaSet['link']
    expect(() => call('m-1', 'm-2')).toThrow(
      expect.objectContaining({
        code: 'ERR_TARANTOOL_INVALID_OPTION',
        summary: `${fingerprint} has only the link before its address`,
        hint: expect.stringContaining('call link(from, to) of the TarantoolReplicaSet'),
      }),
    )
    expect(set.instance('m-1').link).toBe(link)
    await link.delay(1)
  })

  test('a member without links says that its set takes the option', async () => {
    const set = await newReplicaSet({ replicas: 2, name: 'm' }).start()
    expect(() => set.instance('m-1').link).toThrow(
      expect.objectContaining({
        summary: expect.stringMatching(/^Tarantool m-1\[.*\] has no links, because /),
        hint: 'Give its cluster the option: links: true.',
      }),
    )
  })

  test('links have ended with their set, until the next start', async () => {
    const set = await newSet(2).start()
    const [between, own] = [set.link('m-1', 'm-2'), set.instance('m-1').link]
    await set.stop()
    await expect(between.cut()).rejects.toThrow("the link from 'm-1' to 'm-2' has ended: the cluster was stopped")
    await expect(own.cut()).rejects.toThrow("the link of 'm-1' has ended: the cluster was stopped")
    await set.start()
    await Promise.all([between.cut(), own.cut()])
  })

  test('a set without links says how to have them', async () => {
    const set = newReplicaSet({ replicas: 2, name: 'm' })
    expect(() => set.link('m-1', 'm-2')).toThrow(/replica set 'm' has no links, because .*\n.*links: true/)
    await expect(set.heal()).rejects.toThrow(InvalidOptionError)
    await expect(set.partition(['m-1'], ['m-2'])).rejects.toThrow(InvalidOptionError)
  })

  test('a set that has not started has no links yet', () => {
    expect(() => newSet(2).link('m-1', 'm-2')).toThrow(NotRunningError)
  })
})
