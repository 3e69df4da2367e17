import { expect, test } from 'vitest'
import type { TarantoolInstance, TarantoolReplicaSet } from '../../src/index.ts'
import { describeLateChange } from '../../src/isolation/late-changes.ts'
import type { RequestsUnderWay } from '../../src/isolation/server.ts'
import { newCluster, threeInstances } from '../support/clusters.ts'
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

test('rows that were replicated after an undo are named once', async () => {
  const set = await threeWithTest()
  const leader = await set.leader()
  await leader.eval('for id = 1, 3 do box.space.users:insert({ id }) end')
  await set.waitForVclock()
  expect(await changesOf(set)).toEqual([expect.stringMatching(/^3 rows of space 'users' \(\[\d\] and others\)$/)])
})

test('each member has recorded other rows: all of them count, and a local space has its member', async () => {
  const set = await threeWithTest()
  const leader = await set.leader()
  const second = await followerOf(set)
  await second.eval('box.space.own:insert({ 7 })')
  await leader.eval('box.space.own:insert({ 7 }) box.space.users:insert({ 1 })')
  await set.waitForVclock()
  // Only the others record this row.
  const users = 'box.space.users'
  await leader.eval(`${users}:run_triggers(false) ${users}:insert({ 2 }) ${users}:run_triggers(true)`)
  await set.waitForVclock()
  const changes = await changesOf(set)
  expect(changes).toEqual(
    expect.arrayContaining([
      `1 row of space 'own' of '${leader.name}' ([7])`,
      `1 row of space 'own' of '${second.name}' ([7])`,
      expect.stringMatching(/^2 rows of space 'users' \(\[1\] and others\)$/),
    ]),
  )
  expect(changes).toHaveLength(3)
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
