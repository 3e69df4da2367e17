import { beforeEach, describe, expect, test } from 'vitest'
import type { TarantoolReplicaSet } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, pidsOf, stateOfMember as state, threeFromTemplate, threeMembers } from '../support/members.ts'

useOwnCache()

beforeEach(context => skipWithout('elections', context))

const three = async (): Promise<TarantoolReplicaSet> =>
  await threeMembers({ failover: 'election', links: true, timeout: 20_000 })

const view = `local election, queue = box.info.election, box.info.synchro and box.info.synchro.queue
return { term = tonumber(election.term), leader = election.leader, owner = queue and queue.owner, mode = box.cfg.election_mode }`

const others = (set: TarantoolReplicaSet): string[] => set.names.filter(name => name !== set.names[0])

/** Lets the others elect a leader while the first member is alone. */
async function leaveAlone(set: TarantoolReplicaSet): Promise<void> {
  await set.partition([set.names[0] ?? ''], others(set))
  await set.waitForLeader({ not: set.instance(set.names[0] ?? '') })
  await set.heal()
}

describe.each<[string, (set: TarantoolReplicaSet) => Promise<unknown>]>([
  ['a leader that was alone', leaveAlone],
  ['a member that has begun an election', set => set.instance('replica-2').command('pcall(box.ctl.promote)')],
  ['a leader that has resigned', set => set.instance('replica-1').command("box.cfg({ election_mode = 'voter' })")],
  ['members that do not stand', set => onEach(set, "box.cfg({ election_mode = 'off' })")],
  ['members that only vote', set => onEach(set, "box.cfg({ election_mode = 'voter' })")],
  ['a follower that does not stand', set => set.instance('replica-2').command("box.cfg({ election_mode = 'off' })")],
  ['a leader that does not stand', set => set.instance('replica-1').command("box.cfg({ election_mode = 'off' })")],
])('a reset after %s', (_, disturb) => {
  test('ends when all members know the same leader and term', async () => {
    const set = await three()
    const before = await onEach(set, state)
    const pids = pidsOf(set)
    for (let round = 0; round < 3; round++) {
      await (await set.leader()).eval('box.space.users:insert({ 1 })')
      // Tarantool refuses rows that arrive after the election of another leader.
      await set.waitForVclock()
      await disturb(set)
      expect((await set.ask('rewind', 0)).lost).toBeUndefined()
      const views = await onEach(set, view)
      expect(new Set(views.map(one => JSON.stringify(one))).size, JSON.stringify(views)).toBe(1)
      expect(views[0]).toMatchObject({ mode: 'candidate' })
      expect(await onEach(set, state)).toEqual(before)
    }
    expect(pidsOf(set)).toEqual(pids)
  })
})

test('a reset during an election ends when all members know the same leader and term', async () => {
  const set = await three()
  const before = await onEach(set, state)
  for (let round = 0; round < 20; round++) {
    const name = others(set)[round % 2] ?? ''
    // Nothing waits for the end of the election.
    await set.instance(name).command("new_global = 1 require('fiber').create(box.ctl.promote)")
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    const views = await onEach(set, view)
    expect(new Set(views.map(one => JSON.stringify(one))).size, JSON.stringify(views)).toBe(1)
    expect(views[0]).toMatchObject({ leader: 1 })
    expect(await onEach(set, state)).toEqual(before)
  }
})

test('a level that is opened during an election begins when all members know the leader', async () => {
  const set = await three()
  for (let round = 0; round < 10; round++) {
    expect((await set.ask('enter', 0)).lost).toBeUndefined()
    const name = others(set)[round % 2] ?? ''
    await set.instance(name).command("require('fiber').create(box.ctl.promote)")
    expect((await set.ask('enter', 1)).lost).toBeUndefined()
    const views = await onEach(set, view)
    expect(new Set(views.map(one => JSON.stringify(one))).size, JSON.stringify(views)).toBe(1)
    const leader = await set.leader()
    await leader.eval('box.space.users:insert({ 1 })')
    expect((await set.ask('enter', 1)).lost).toBeUndefined()
    expect(await set.leader(), 'the leader of the level').toBe(leader)
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await onEach(set, view)).toMatchObject([{ leader: 1 }, { leader: 1 }, { leader: 1 }])
  }
})

test('members that do not stand wait with an election until changes on their way are undone', async () => {
  const set = await three()
  const before = await onEach(set, state)
  const pids = pidsOf(set)
  const leader = await set.leader()
  for (let round = 0; round < 5; round++) {
    for (const name of others(set)) set.link('replica-1', name).delay(30)
    await leader.eval('for i = 1, 100 do box.space.users:insert({ i }) end')
    await onEach(set, "box.cfg({ election_mode = 'off' })")
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    await set.heal()
    expect(await onEach(set, state)).toEqual(before)
  }
  expect(pidsOf(set)).toEqual(pids)
})

test('a member stands for elections as before, when it begins to wait for the undo', async () => {
  const set = await three()
  const leader = await set.leader()
  await leader.eval('box.space.users:insert({ 1 })')
  await set.waitForVclock()
  await onEach(set, "box.cfg({ election_mode = 'off' })")
  for (const instance of set.instances) {
    expect((await instance.askAgent('look', 0, 'rewind,-')).member).toMatch(/ disagrees/)
    expect(await instance.command('box.cfg.election_mode')).toEqual(['off'])
    expect((await instance.askAgent('agree', 0, 'rewind,-')).member).toMatch(/ waits/)
    expect(await instance.command('box.cfg.election_mode')).toEqual(['candidate'])
  }
})

test('members that did not stand in a suite stand again after it', async () => {
  const set = await three()
  const before = await onEach(set, state)
  const pids = pidsOf(set)
  const leader = await set.leader()
  expect((await set.ask('enter', 0)).lost).toBeUndefined()
  await leader.eval('box.space.users:insert({ 1 })')
  // The leader is last: nobody begins an election then.
  for (const instance of set.instances.toReversed()) await instance.command("box.cfg({ election_mode = 'off' })")
  await leader.command('box.ctl.promote()')
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  const ofSuite = await onEach(set, state)
  await onEach(set, "box.cfg({ election_mode = 'candidate', election_timeout = 1 })")
  await (await set.waitForLeader()).eval('box.space.users:insert({ 2 })')
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  expect(await onEach(set, state)).toEqual(ofSuite)
  expect(await onEach(set, view)).toMatchObject([{ mode: 'off' }, { mode: 'off' }, { mode: 'off' }])
  expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  expect(await onEach(set, state)).toEqual(before)
  expect(await onEach(set, view)).toMatchObject([{ leader: 1 }, { leader: 1 }, { leader: 1 }])
  expect(pidsOf(set)).toEqual(pids)
})

test('a member has begun an election of which the others have not heard when a reset begins', async () => {
  const set = await threeFromTemplate({
    ...{ timeout: 20_000, boxCfg: { memtx_memory: 268_435_456 } },
    seedLua: "box.schema.space.create('orders', { is_sync = true }):create_index('id') box.ctl.promote()",
  })
  const [leader, other] = [await set.leader(), set.instance('replica-2')]
  for (let round = 0; round < 3; round++) {
    // The member tells of a term when its log has it. The rows before it belong to the level below, which stays.
    await other.command(`
      for i = 1, 100 do require('fiber').create(box.space.own.replace, box.space.own, { 1, ('x'):rep(500000) .. i }) end`)
    expect((await set.ask('enter', 1)).lost).toBeUndefined()
    await other.command(`
      box.cfg({ read_only = false, election_mode = 'candidate' })
      require('fiber').create(box.ctl.promote)`)
    expect((await set.ask('enter', 1)).lost).toBeUndefined()
    const views = await onEach(set, view)
    expect(new Set(views.map(one => JSON.stringify(one))).size, JSON.stringify(views)).toBe(1)
    await leader.eval('box.space.orders:replace({ 1 })')
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  }
})

// Each change is undone by a transaction of its own.
test.each([
  {
    what: 'rows',
    change: "for i = 1, 100 do box.space['s' .. i]:insert({ 2 }) end",
    count: "for i = 1, 100 do left = left + box.space['s' .. i]:count() - 1 end",
  },
  {
    what: 'dropped spaces',
    change: "for i = 1, 100 do box.space['s' .. i]:drop() end",
    count: "for i = 1, 100 do if box.space['s' .. i] == nil then left = left + 1 end end",
  },
])('a leader that loses an election during its undo of $what follows the next one', async ({ change, count }) => {
  const set = await threeFromTemplate({ failover: 'election', timeout: 20_000 })
  const pids = pidsOf(set)
  const leader = await set.leader()
  const spaces =
    "for i = 1, 100 do box.schema.space.create('s' .. i):create_index('id') box.space['s' .. i]:insert({ 1 }) end"
  // A member with such a state cannot be replaced.
  await leader.eval(`${spaces} rawset(_G, 'own_of_hooks', 1)`)
  await set.waitForVclock()
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  const look = `local rows = {}
    for i = 1, 100 do rows[i] = box.space['s' .. i]:select() end
    return { rows = rows, own = rawget(_G, 'own_of_hooks') }`
  const before = [await onEach(set, state), await onEach(set, look)]
  for (let round = 0; round < 3; round++) {
    const now = await set.leader()
    await now.eval(`
      ${change}
      local function changes()
          local left = 0
          ${count}
          return left
      end
      require('fiber').create(function()
          while changes() == 100 do require('fiber').sleep(0) end
          require('log').info('resigns with %d changes left', changes())
          box.ctl.demote()
      end)`)
    await set.waitForVclock()
    const { lost } = await set.ask('enter', 1)
    // Tarantool refuses rows that were on their way when another leader was elected. No undo can help that.
    if (lost?.includes('Split-Brain discovered')) return
    expect(lost).toBeUndefined()
    expect(await now.grepLog(/resigns with [1-9]\d* changes left/)).not.toEqual([])
    expect([await onEach(set, state), await onEach(set, look)]).toEqual(before)
    const views = await onEach(set, view)
    expect(new Set(views.map(one => JSON.stringify(one))).size, JSON.stringify(views)).toBe(1)
  }
  expect(pidsOf(set)).toEqual(pids)
})

test('members of a set without elections that stood in a test do not stand after it', async () => {
  const set = await threeMembers({ links: true, timeout: 20_000 })
  const before = await onEach(set, state)
  const pids = pidsOf(set)
  for (let round = 0; round < 3; round++) {
    await onEach(set, "box.cfg({ read_only = false, election_mode = 'candidate' })")
    await (await set.waitForLeader()).eval('box.space.users:insert({ 1 })')
    if (round === 1) await leaveAlone(set)
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await onEach(set, state)).toEqual(before)
    expect(await onEach(set, view)).toMatchObject([{ mode: 'off' }, { mode: 'off' }, { mode: 'off' }])
  }
  expect(pidsOf(set)).toEqual(pids)
})
