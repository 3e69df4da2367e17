import { expect, test } from 'vitest'
import type { TarantoolInstance, TarantoolReplicaSet } from '../../src/index.ts'
import { describeLateChange } from '../../src/isolation/late-changes.ts'
import type { RequestsUnderWay } from '../../src/isolation/server.ts'
import { filesOfThree, newCluster, threeInstances } from '../support/clusters.ts'
import { has } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { threeMembers as three } from '../support/members.ts'

useOwnCache()

const nothing = { at_end: 0, since: 0, now: 0, kinds: [], fibers: [], changed: [] }

async function requestsOf(set: Pick<TarantoolReplicaSet, 'ask'>): Promise<RequestsUnderWay> {
  const { requests } = await set.ask('requests', 0)
  if (!requests) throw new Error('the set tells of no requests')
  return requests
}

const changesOf = async (set: Pick<TarantoolReplicaSet, 'ask'>): Promise<string[]> =>
  (await requestsOf(set)).changed.map(describeLateChange)

async function threeWithTest(): Promise<TarantoolReplicaSet> {
  const set = await three()
  await set.waitForVclock()
  // Its connection is there before the test.
  await (await set.leader()).eval('return 1')
  await set.ask('enter', 1)
  await set.ask('enter_at_once', 1)
  return set
}

async function followerOf(set: TarantoolReplicaSet): Promise<TarantoolInstance> {
  const leader = await set.leader()
  const follower = set.instances.find(instance => instance !== leader)
  if (!follower) throw new Error('the set has one member')
  return follower
}

test('the replication of the members counts as no request of a test', async () => {
  const set = await threeWithTest()
  expect(await requestsOf(set)).toEqual(nothing)
})

test('members that connect again send no request of a test', async () => {
  const set = await threeWithTest()
  await (await followerOf(set)).command(
    "local sources = box.cfg.replication box.cfg({ replication = '' }) box.cfg({ replication = sources })",
  )
  await set.waitForVclock()
  expect(await requestsOf(set)).toEqual(nothing)
})

test('a request of a test counts once, beside the replication', async () => {
  const set = await threeWithTest()
  const leader = await set.leader()
  const waits = leader.eval("rawset(_G, 'gate', require('fiber').cond()) gate:wait()")
  await expect.poll(async () => (await leader.command("return rawget(_G, 'gate') ~= nil"))[0]).toBe(true)
  const found = await requestsOf(set)
  expect(found).toMatchObject({ at_end: 0, since: 1, now: 1, kinds: ['1 EVAL'] })
  if (has('backtraces of fibers')) expect(found.fibers).toEqual([expect.stringMatching(/^eval at eval:1$/)])
  await leader.command('gate:broadcast()')
  await waits
})

test('a request of a test counts beside a member that replicates no longer', async () => {
  const set = await threeWithTest()
  const leader = await set.leader()
  const follower = await followerOf(set)
  const [id] = await follower.command('return box.info.id')
  await follower.command("box.cfg({ replication = '' })")
  const status = `return box.info.replication[${id}].downstream.status`
  await expect.poll(async () => (await leader.command(status))[0]).toBe('stopped')
  const waits = leader.eval("rawset(_G, 'gate', require('fiber').cond()) gate:wait()")
  await expect.poll(async () => (await leader.command("return rawget(_G, 'gate') ~= nil"))[0]).toBe(true)
  expect(await requestsOf(set)).toMatchObject({ at_end: 0, now: 1 })
  await leader.command('gate:broadcast()')
  await waits
})

test('rows that were replicated after an undo are named once', async () => {
  const set = await threeWithTest()
  const leader = await set.leader()
  await leader.eval('for id = 1, 3 do box.space.users:insert({ id }) end')
  await set.waitForVclock()
  expect(await changesOf(set)).toEqual([expect.stringMatching(/^3 rows of space 'users' \(\[\d\] and others\)$/)])
})

test('all rows count, also if there are too many to compare their keys', async () => {
  const set = await threeWithTest()
  await (await set.leader()).eval('for id = 1, 1100 do box.space.users:insert({ id }) end')
  await set.waitForVclock()
  expect(await changesOf(set)).toEqual([expect.stringMatching(/^1100 rows of space 'users' /)])
})

test('each member has recorded other rows: all of them count, and a local space has its member', async () => {
  const set = await threeWithTest()
  const leader = await set.leader()
  const second = await followerOf(set)
  await second.eval('box.space.own:insert({ 7 })')
  await leader.eval('box.space.own:insert({ 7 }) box.space.users:insert({ 1 })')
  await set.waitForVclock()
  const record = async (members: TarantoolInstance[], isOn: boolean): Promise<void> => {
    for (const member of members) await member.eval(`box.space.users:run_triggers(${isOn})`)
  }
  // Each of these rows has members that do not record it.
  const others = set.instances.filter(instance => instance !== leader)
  for (const [id, unaware] of [[leader], others].entries()) {
    await record(unaware, false)
    await leader.eval('box.space.users:insert({ ... })', id + 2)
    await set.waitForVclock()
    await record(unaware, true)
  }
  const changes = await changesOf(set)
  expect(changes).toEqual(
    expect.arrayContaining([
      `1 row of space 'own' of '${leader.name}' ([7])`,
      `1 row of space 'own' of '${second.name}' ([7])`,
      expect.stringMatching(/^3 rows of space 'users' \(\[\d\] and others\)$/),
    ]),
  )
  expect(changes).toHaveLength(3)
})

test('rows of a temporary space have their member', async () => {
  const set = await threeWithTest()
  for (const { name } of set.instances) await set.instance(name).eval('box.space.passing:insert({ 7 })')
  const changes = await changesOf(set)
  expect(changes.sort()).toEqual(set.instances.map(({ name }) => `1 row of space 'passing' of '${name}' ([7])`))
})

test('the schema, and a space whose changed rows are unknown, are named once', async () => {
  const set = await threeWithTest()
  await (await set.leader()).eval(
    "box.space.users:insert({ 1 }) box.space.users:truncate() box.schema.space.create('extra')",
  )
  await set.waitForVclock()
  expect(await changesOf(set)).toEqual(["the rows of space 'users'", 'the schema'])
})

test.skipIf(!has('a config file'))('rows of several replica sets are different rows', async () => {
  const cluster = await newCluster({ app: threeInstances(), recordChanges: true }).start()
  await cluster.ask('enter', 1)
  await cluster.ask('enter_at_once', 1)
  const storage = await cluster.leader('s')
  await storage.eval('box.space.users:insert({ 1 })')
  await cluster.waitForVclock(storage)
  expect(await changesOf(cluster)).toEqual(["1 row of space 'users' of replica set 's' ([1])"])
})

test.skipIf(!has('a config file'))(
  'the replication of an anonymous instance counts as no request of a test',
  async () => {
    const anonymous = 's-003: { replication: { anon: true } }'
    const config = filesOfThree['config.yaml']?.replace('s-002: {}', `s-002: {}, ${anonymous}`) ?? ''
    const cluster = await newCluster({ app: threeInstances({ 'config.yaml': config }), recordChanges: true }).start()
    const storage = await cluster.leader('s')
    await expect.poll(async () => (await storage.command('return box.info.replication_anon.count'))[0]).toBe(1)
    await cluster.ask('enter', 1)
    await cluster.ask('enter_at_once', 1)
    expect(await requestsOf(cluster)).toMatchObject({ at_end: 0, now: 0 })
  },
)
