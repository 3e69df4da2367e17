import { beforeEach, describe, expect, test } from 'vitest'
import { waitForMesh } from '../../src/cluster/waits.ts'
import type { TarantoolReplicaSet } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, pidsOf, stateOfMember as state, threeFromTemplate, threeMembers } from '../support/members.ts'

useOwnCache()

/** Two writable members that do not reach each other insert different rows with the same key. */
async function conflict(set: TarantoolReplicaSet): Promise<void> {
  await set.partition(['replica-1'], ['replica-2', 'replica-3'])
  await set.instance('replica-2').command('box.cfg({ read_only = false })')
  for (const name of ['replica-1', 'replica-2']) {
    await set.instance(name).command(`box.space.users:insert({ 1, '${name}' })`)
  }
  await set.heal()
}

test('a reset replaces only the member whose changes all others refuse', async () => {
  const set = await threeFromTemplate({ links: true })
  const before = await onEach(set, state)
  await (await set.leader()).eval("box.space.quiet:insert({ 1, 'of the hooks' })")
  await set.ask('enter', 1)
  const ofHooks = await onEach(set, state)
  const [, ...others] = pidsOf(set)
  for (let round = 0; round < 2; round++) {
    await conflict(set)
    const reply = await set.ask('enter', 1)
    expect(reply).toMatchObject({ kept: [true], replaced: [expect.stringContaining('the other members refuse')] })
    expect(await onEach(set, state)).toEqual(ofHooks)
    expect(pidsOf(set).slice(1)).toEqual(others)
    await set.waitForFullMesh()
  }
  expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  expect(await onEach(set, state)).toEqual(before)
})

describe('a set that elects its leader', () => {
  beforeEach(context => skipWithout('elections', context))

  test.each([
    ['before the next leader writes', false],
    ['and the next leader, too', true],
  ])('a reset replaces only a former leader that has written while it was alone, %s', async (_, both) => {
    const set = await threeFromTemplate({ failover: 'election', links: true, timeout: 20_000 })
    const former = await set.leader()
    await former.eval("box.space.quiet:insert({ 1, 'of the hooks' })")
    await set.ask('enter', 1)
    const before = await onEach(set, state)
    const others = set.instances.filter(instance => instance !== former)
    const pids = others.map(({ pid }) => pid)
    await former.eval("box.cfg({ election_fencing_mode = 'off' })")
    await set.partition(
      [former.name],
      others.map(({ name }) => name),
    )
    const next = await set.waitForLeader({ not: former })
    await former.command('box.space.users:insert({ 1 })')
    if (both) await next.command('box.space.users:insert({ 2 })')
    await set.heal()
    expect(await set.ask('enter', 1)).toMatchObject({ kept: [true] })
    expect(await onEach(set, state)).toEqual(before)
    expect(others.map(({ pid }) => pid)).toEqual(pids)
    expect(await set.leader()).toBe(former)
  })
})

test('the wait before a reset ends when the replication has stopped with an error', async () => {
  const set = await threeFromTemplate({ links: true })
  await conflict(set)
  const members = new Map(set.instances.map(instance => [instance.name, instance]))
  // The test would not live as long.
  const terms = { timeout: 3_600_000, endsWhenStopped: true }
  await expect(waitForMesh(members, 'replica', terms)).rejects.toMatchObject({
    code: 'ERR_TARANTOOL_REPLICATION',
    message: expect.stringMatching(/is 'stopped': (Duplicate key exists|Split-Brain)/),
  })
})

test('a stream that a test has stopped goes on after the reset, although the rows came from another member', async () => {
  const set = await threeMembers()
  const pids = pidsOf(set)
  for (const way of ['enter', 'rewind'] as const) {
    expect((await set.ask('enter', 1)).lost).toBeUndefined()
    await set.instance('replica-3').command(`
      local failed = false
      box.space.users:on_replace(function()
          if failed then return end
          failed = true
          error('not yet')
      end)`)
    await set.instance('replica-1').eval('box.space.users:insert({ 1 })')
    await set.waitForVclock()
    await expect(set.waitForFullMesh({ timeout: 100 })).rejects.toThrow(/'stopped': .*not yet/)
    expect(await set.ask(way, 1)).toMatchObject({ undone: expect.any(Number) })
    await set.waitForFullMesh({ timeout: 10_000 })
    await set.instance('replica-1').eval('box.space.users:insert({ 2 })')
    await set.waitForVclock()
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  }
  expect(pidsOf(set)).toEqual(pids)
})
