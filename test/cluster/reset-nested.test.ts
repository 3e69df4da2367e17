import { beforeEach, describe, expect, test } from 'vitest'
import type { TarantoolReplicaSet } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, pidsOf, stateOfMember as state, threeFromTemplate } from '../support/members.ts'

useOwnCache()

const value = `
local row = box.space._sequence_data:get(box.sequence.numbering.id)
return row and row[2]`

const values = async (set: TarantoolReplicaSet): Promise<unknown[]> => await onEach(set, value)

const advance = 'pcall(box.sequence.numbering.next, box.sequence.numbering)'

// A transaction that is rolled back takes no value back, and replicates nothing.
const rollBack = `box.begin() ${advance} box.rollback()`

const kill = async (set: TarantoolReplicaSet, ...names: string[]): Promise<void> => {
  await Promise.all(names.map(name => set.instance(name).kill({ cleanup: false })))
}

const ask = async (set: TarantoolReplicaSet, operation: 'enter' | 'nest' | 'rewind', keep = 0): Promise<void> => {
  expect((await set.ask(operation, keep)).lost).toBeUndefined()
}

describe.each([
  ['the leader', 'replica-1', rollBack],
  ['a replica', 'replica-2', advance],
])('a sequence that only %s has advanced', (_, alone, lua) => {
  test.each([
    ['the leader', ['replica-1']],
    ['a replica', ['replica-2']],
    ['another replica', ['replica-3']],
    ['two members', ['replica-1', 'replica-2']],
  ])('before a nested suite has one value in that suite, also after its test has killed %s', async (__, killed) => {
    const set = await threeFromTemplate()
    const baseline = await onEach(set, state)
    await (await set.leader()).eval(`box.space.quiet:insert({ 1 }) ${advance}`)
    await ask(set, 'enter', 1)
    const outer = await onEach(set, state)
    // The hooks of the nested suite.
    await ask(set, 'enter', 1)
    await (await set.leader()).eval('box.space.quiet:insert({ 2 })')
    await set.instance(alone).eval(lua)
    await ask(set, 'enter', 2)
    const inner = await onEach(set, state)
    expect(new Set(await values(set)).size, 'different values in the nested suite').toBe(1)
    for (let round = 0; round < 2; round++) {
      await (await set.leader()).eval(`box.space.quiet:insert({ 3 }) ${advance}`)
      await set.instance(alone).eval(lua)
      await kill(set, ...killed)
      await ask(set, 'enter', 2)
      expect(await onEach(set, state)).toEqual(inner)
    }
    await ask(set, 'enter', 1)
    expect(await onEach(set, state)).toEqual(outer)
    await ask(set, 'rewind', 0)
    expect(await onEach(set, state)).toEqual(baseline)
  })

  test('before a record of changes begins is put back with the test, also when a member was killed meanwhile', async () => {
    const set = await threeFromTemplate()
    await (await set.leader()).eval(`box.space.quiet:insert({ 1 }) ${advance}`)
    await ask(set, 'enter', 1)
    const before = await onEach(set, state)
    for (const killed of ['replica-1', 'replica-2', 'replica-3']) {
      await set.instance(alone).eval(lua)
      await ask(set, 'nest')
      await set.instance(alone).eval(lua)
      await (await set.leader()).eval('box.space.quiet:insert({ 2 })')
      await kill(set, killed)
      await ask(set, 'enter', 1)
      expect(await onEach(set, state)).toEqual(before)
    }
  })

  test('before hooks ask for a record of their changes has one value in the tests', async () => {
    const set = await threeFromTemplate()
    const baseline = await onEach(set, state)
    await set.instance(alone).eval(lua)
    await ask(set, 'nest')
    await (await set.leader()).eval('box.space.quiet:insert({ 1 })')
    await set.instance(alone).eval(lua)
    await ask(set, 'enter', 2)
    const before = await onEach(set, state)
    expect(new Set(await values(set)).size, 'different values').toBe(1)
    for (const killed of ['replica-1', 'replica-2', 'replica-3']) {
      await set.instance(alone).eval(lua)
      await kill(set, killed)
      await ask(set, 'enter', 2)
      expect(await onEach(set, state)).toEqual(before)
    }
    await ask(set, 'rewind', 0)
    expect(await onEach(set, state)).toEqual(baseline)
  })
})

const view = `local election, queue = box.info.election, box.info.synchro and box.info.synchro.queue
return { term = tonumber(election.term), leader = election.leader, owner = queue and queue.owner }`

describe('an election', () => {
  beforeEach(context => skipWithout('elections', context))

  test('that is under way when a record of changes begins leaves the leader of the test', async () => {
    const set = await threeFromTemplate({ failover: 'election', timeout: 20_000 })
    const pids = pidsOf(set)
    await ask(set, 'enter', 0)
    const before = await onEach(set, state)
    for (let round = 0; round < 10; round++) {
      const name = round % 2 === 0 ? 'replica-2' : 'replica-3'
      await set.instance(name).command("require('fiber').create(box.ctl.promote)")
      await ask(set, 'nest')
      await (await set.waitForLeader()).command('pcall(box.space.quiet.insert, box.space.quiet, { 1 })')
      await ask(set, 'enter', 0)
      const views = await onEach(set, view)
      expect(new Set(views.map(one => JSON.stringify(one))).size, JSON.stringify(views)).toBe(1)
      expect(views[0]).toMatchObject({ leader: 1 })
      expect(await onEach(set, state)).toEqual(before)
    }
    expect(pidsOf(set)).toEqual(pids)
  })
})
