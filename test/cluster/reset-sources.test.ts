import { beforeEach, describe, expect, test } from 'vitest'
import type { TarantoolReplicaSet } from '../../src/index.ts'
import { newCluster, threeInstances } from '../support/clusters.ts'
import { has, skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, pidsOf, stateOfMember as state, threeFromTemplate } from '../support/members.ts'

useOwnCache()

const count = 'box.space.quiet:count()'

/** A test that has written rows, which have arrived at all members. */
async function write(set: TarantoolReplicaSet): Promise<void> {
  await (await set.leader()).eval('box.space.quiet:replace({ 1 })')
  await set.waitForVclock()
}

const sources = 'return box.cfg.replication'
const alone = 'box.cfg({ replication = {} })'

describe.each(['enter', 'rewind'] as const)('%s', way => {
  test.each([
    ['a replica', ['replica-2']],
    ['both replicas', ['replica-2', 'replica-3']],
    ['the leader', ['replica-1']],
    ['each member', ['replica-1', 'replica-2', 'replica-3']],
  ])('%s without sources: the processes stay, and replicate as before', async (_, names) => {
    const set = await threeFromTemplate()
    expect((await set.ask('enter', 1)).lost).toBeUndefined()
    const before = [await onEach(set, state), await onEach(set, sources), pidsOf(set)]
    await write(set)
    for (const name of names) await set.instance(name).command(alone)
    await set.instance('replica-1').eval('box.space.quiet:replace({ 2 })')
    expect((await set.ask(way, 1)).replaced ?? []).toEqual([])
    expect([await onEach(set, state), await onEach(set, sources), pidsOf(set)]).toEqual(before)
    await set.waitForFullMesh()
    await set.instance('replica-1').eval('box.space.quiet:replace({ 3 })')
    await set.waitForVclock()
    expect(await onEach(set, `return ${count}`)).toEqual([1, 1, 1])
  })
})

test('a hook and a test take the sources away: the end of the suite brings them back', async () => {
  const set = await threeFromTemplate()
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  const before = [await onEach(set, state), await onEach(set, sources), pidsOf(set)]
  await write(set)
  await set.instance('replica-2').command(alone)
  expect((await set.ask('nest', 1)).lost).toBeUndefined()
  await set.instance('replica-3').command(alone)
  await set.instance('replica-1').eval('box.space.quiet:replace({ 2 })')
  expect((await set.ask('rewind', 1)).replaced ?? []).toEqual([])
  expect([await onEach(set, state), await onEach(set, sources), pidsOf(set)]).toEqual(before)
  await set.waitForFullMesh()
})

test('two members without sources have written rows with one key: a reset replaces one member', async () => {
  const set = await threeFromTemplate()
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  const before = await onEach(set, state)
  const pids = pidsOf(set)
  for (const instance of set.instances) await instance.command(alone)
  await set.instance('replica-3').command("box.cfg({ read_only = false }) box.space.quiet:insert({ 1, 'other' })")
  await set.instance('replica-1').command('box.space.quiet:insert({ 1 })')
  expect((await set.ask('enter', 1)).replaced).toHaveLength(1)
  expect(await onEach(set, state)).toEqual(before)
  // Either of the two may be the one whose row the third member has got first.
  expect(pidsOf(set).filter(pid => pids.includes(pid))).toHaveLength(2)
})

describe('a set that elects its leader', () => {
  beforeEach(context => skipWithout('elections', context))

  test.each([
    ['a replica', false],
    ['the leader', true],
  ])('%s without sources: the processes stay, and replicate as before', async (_, isLeader) => {
    const set = await threeFromTemplate({ failover: 'election', timeout: 20_000 })
    const leader = await set.leader()
    expect((await set.ask('enter', 1)).lost).toBeUndefined()
    const before = [await onEach(set, state), await onEach(set, sources), pidsOf(set)]
    await write(set)
    const member = set.instances.find(instance => (instance === leader) === isLeader)
    await member?.command(alone)
    expect((await set.ask('enter', 1)).replaced ?? []).toEqual([])
    expect([await onEach(set, state), await onEach(set, sources), pidsOf(set)]).toEqual(before)
    expect(await set.leader()).toBe(leader)
    await set.waitForFullMesh()
  })
})

test.skipIf(!has('a config file'))('instances of a config without sources: the processes stay', async () => {
  const cluster = await newCluster({ app: threeInstances(), recordChanges: true, timeout: 20_000 }).start()
  const rows = 'return box.space.users:count()'
  const leader = await cluster.leader('s')
  await leader.command(
    "box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })",
  )
  await cluster.waitForVclock(leader)
  expect((await cluster.ask('enter', 1)).lost).toBeUndefined()
  const storages = cluster.instances.filter(({ name }) => name.startsWith('s-'))
  const before = [await onEach(cluster, sources), pidsOf(cluster)]
  await leader.command('box.space.users:replace({ 1 })')
  await cluster.waitForVclock(leader)
  for (const instance of storages) await instance.command(alone)
  await leader.command('box.space.users:replace({ 2 })')
  expect((await cluster.ask('enter', 1)).replaced ?? []).toEqual([])
  expect([await onEach(cluster, sources), pidsOf(cluster)]).toEqual(before)
  for (const instance of storages) expect(await instance.eval(rows)).toEqual([0])
  await cluster.waitForFullMesh()
})
