import { beforeEach, describe, expect, test } from 'vitest'
import type { TarantoolReplicaSet } from '../../src/index.ts'
import { newCluster, threeInstances } from '../support/clusters.ts'
import { has, skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, pidsOf, stateOfMember as state, threeMembers as three } from '../support/members.ts'

useOwnCache()

describe.each<[string, string, string]>([
  ['rows', "for i = 1, 10 do box.space.users:insert({ i, 'row' }) end", ''],
  ['rows of an update', "box.space.users:insert({ 1 }) box.space.users:update(1, { { '=', 2, 'x' } })", ''],
  ['a truncation', 'box.space.users:insert({ 1 }) box.space.users:truncate()', ''],
  ['a dropped space', 'box.space.users:drop()', ''],
  ['a new space', "box.schema.space.create('extra'):create_index('id') box.space.extra:insert({ 1 })", ''],
  ['a sequence', 'box.sequence.numbering:next()', ''],
  ['a global of each member', 'rawset(_G, "new_global", 1)', 'rawset(_G, "new_global", 1)'],
  ['box.cfg of a replica', '', 'box.cfg({ too_long_threshold = 1 })'],
  ['a local space', 'box.space.own:insert({ 2 }) box.space.own:delete(1)', 'box.space.own:insert({ 3 })'],
  [
    'a temporary space',
    'box.space.passing:insert({ 2 }) box.space.passing:delete(1)',
    'box.space.passing:insert({ 3 })',
  ],
  ['a truncated temporary space', 'box.space.passing:truncate()', ''],
  ['triggers', 'box.space.users:on_replace(function() end)', 'box.space.users:before_replace(function() end)'],
  [
    'everything at once',
    "box.space.users:insert({ 1 }) box.space.own:truncate() rawset(_G, 'new_global', 2) box.sequence.numbering:next()",
    "rawset(_G, 'new_global', 3) box.space.passing:insert({ 5 })",
  ],
  [
    'a leader that was moved',
    'box.cfg({ read_only = true })',
    'box.cfg({ read_only = false }) box.space.users:insert({ 7 })',
  ],
])('a reset in place of %s', (_, onLeader, onReplica) => {
  test('is as before on each member', async () => {
    const set = await three()
    await set.waitForVclock()
    const before = await onEach(set, state)
    const pids = pidsOf(set)
    for (let round = 0; round < 2; round++) {
      await (await set.leader()).eval(onLeader)
      await set.instance('replica-2').eval(onReplica)
      const reply = await set.ask('rewind', 0)
      expect(reply.lost).toBeUndefined()
      expect(await onEach(set, state)).toEqual(before)
    }
    expect(pidsOf(set)).toEqual(pids)
  })
})

test('one member is not reset alone', async () => {
  const set = await three()
  const before = await onEach(set, state)
  await (await set.leader()).eval('box.space.users:insert({ 1 })')
  for (const instance of set.instances) {
    await expect(instance.reset()).rejects.toMatchObject({
      ...{ code: 'ERR_TARANTOOL_RESET', hint: 'Call reset() of the TarantoolReplicaSet or the TarantoolCluster.' },
      summary: expect.stringContaining('cannot be reset alone: it is an instance of a cluster'),
    })
  }
  await set.reset()
  expect(await onEach(set, state)).toEqual(before)
})

describe('a reset of a replica set that elects its leader', () => {
  beforeEach(context => skipWithout('elections', context))

  const promote = async (set: TarantoolReplicaSet, name: string): Promise<void> => {
    await set.instance(name).command('box.ctl.promote()')
    await expect.poll(async () => await set.leader()).toBe(set.instance(name))
    await set.instance(name).eval('box.space.users:insert({ 1 })')
  }

  test('lets the former leader lead again, with the same processes', async () => {
    const set = await three({ failover: 'election', timeout: 20_000 })
    const former = await set.leader()
    const before = await onEach(set, state)
    const pids = pidsOf(set)
    for (const name of set.names.filter(name => set.instance(name) !== former)) {
      await promote(set, name)
      expect((await set.ask('rewind', 0)).lost).toBeUndefined()
      expect(await onEach(set, state)).toEqual(before)
    }
    expect(pidsOf(set)).toEqual(pids)
  })

  test('keeps the leader that a suite has chosen until the suite ends', async () => {
    const set = await three({ failover: 'election', timeout: 20_000 })
    const former = await set.leader()
    const [second, third] = set.names.filter(name => set.instance(name) !== former) as [string, string]
    await set.ask('enter', 0)
    await set.instance(second).command('box.ctl.promote()')
    await expect.poll(async () => await set.leader()).toBe(set.instance(second))
    await set.ask('enter', 1)
    await promote(set, third)
    expect((await set.ask('enter', 1)).lost).toBeUndefined()
    expect(await set.leader()).toBe(set.instance(second))
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await set.leader()).toBe(former)
  })

  test('undoes a synchronous space on all members', async () => {
    const set = await three({ failover: 'election', timeout: 20_000 })
    const leader = await set.leader()
    await leader.eval("box.schema.space.create('synchronous', { is_sync = true }):create_index('id')")
    await set.ask('enter', 1)
    const rows = "return box.space.synchronous and box.space.synchronous:select() or 'none'"
    for (let round = 0; round < 2; round++) {
      await leader.eval('box.space.synchronous:insert({ 1 })')
      expect((await set.ask('enter', 1)).lost).toBeUndefined()
      expect(await onEach(set, rows)).toEqual([[], [], []])
    }
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await onEach(set, rows)).toEqual(['none', 'none', 'none'])
  })
})

describe.skipIf(!has('a config file'))('a reset in place of a cluster of a config', () => {
  test('concerns each replica set, and each instance', async () => {
    const cluster = await newCluster({ app: threeInstances(), recordChanges: true }).start()
    const storage = await cluster.leader('s')
    const look = `return { count = box.space.users and box.space.users:len(), new_global = rawget(_G, 'new_global'),
      level = box.cfg.log_level, greet = rawget(_G, 'greet') ~= nil, status = require('config'):info().status }`
    await cluster.waitForVclock(storage)
    const before = await onEach(cluster, look)
    const pids = pidsOf(cluster)
    for (let round = 0; round < 2; round++) {
      for (let id = 1; id <= 10; id++) await storage.call('add_user', id, 'ann')
      await cluster.instance('r-001').eval("greet = nil rawset(_G, 'new_global', 1)")
      await cluster.instance('s-002').eval("rawset(_G, 'new_global', 2) box.cfg({ log_level = 6 })")
      expect((await cluster.ask('rewind', 0)).lost).toBeUndefined()
      expect(await onEach(cluster, look)).toEqual(before)
    }
    expect(pidsOf(cluster)).toEqual(pids)
  })

  test('puts back the config that a test or a suite has changed', async () => {
    const cluster = await newCluster({ app: threeInstances(), recordChanges: true }).start()
    const look = `return { count = box.space.users and box.space.users:len(), level = box.cfg.log_level, ro = box.info.ro,
      status = require('config'):info().status, level_of_config = require('config'):get('log.level') }`
    await cluster.waitForVclock(await cluster.leader('s'))
    const before = await onEach(cluster, look)
    const pids = pidsOf(cluster)
    await cluster.ask('enter', 0)
    await cluster.set({ 'log.level': 'verbose' })
    await cluster.ask('enter', 1)
    const ofSuite = await onEach(cluster, look)
    expect(ofSuite).not.toEqual(before)
    for (let round = 0; round < 2; round++) {
      await cluster.set({ 'groups.storages.replicasets.s.leader': 's-002', 'log.level': 'debug' })
      await cluster.instance('s-002').call('add_user', 1, 'ann')
      expect(await cluster.ask('dirty', 0)).toEqual({ dirty: true })
      expect((await cluster.ask('enter', 1)).lost).toBeUndefined()
      expect(await onEach(cluster, look)).toEqual(ofSuite)
    }
    expect((await cluster.ask('rewind', 0)).lost).toBeUndefined()
    expect(await onEach(cluster, look)).toEqual(before)
    await cluster.reload()
    expect((await cluster.ask('rewind', 0)).lost).toBeUndefined()
    expect(pidsOf(cluster)).toEqual(pids)
  })
})
