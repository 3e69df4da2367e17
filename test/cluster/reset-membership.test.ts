import { existsSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { TarantoolReplicaSet } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, stateOfMember, threeFromTemplate } from '../support/members.ts'

useOwnCache()

/** The members' names and addresses, their state, and what they know of each other. */
async function outsideOf(set: TarantoolReplicaSet): Promise<unknown> {
  await set.waitForFullMesh()
  const known = 'return { box.space._cluster:count(), box.cfg.replication }'
  return {
    addresses: set.instances.map(({ name, host, port }) => [name, host, port]),
    state: await onEach(set, stateOfMember),
    known: await onEach(set, known),
    leader: (await set.leader()).name,
  }
}

const pidsOf = (set: TarantoolReplicaSet): Record<string, number | undefined> =>
  Object.fromEntries(set.instances.map(({ name, pid }) => [name, pid]))

const insert = async (set: TarantoolReplicaSet, id: number): Promise<void> => {
  await (await set.leader()).eval(`box.space.users:insert({ ${id} })`)
}

const lead = 'box.cfg({ read_only = false })'
const follow = 'box.cfg({ read_only = true })'

/** What a test does, and the members that have other processes after it. */
const changes: [title: string, renewed: string[], change: (set: TarantoolReplicaSet) => Promise<unknown>][] = [
  ['addReplica()', [], async set => await set.addReplica()],
  [
    'addReplica() twice',
    [],
    async set => {
      await set.addReplica()
      await set.addReplica({ name: 'another', boxCfg: { too_long_threshold: 4 } })
    },
  ],
  [
    'a new member that leads, and has ended',
    [],
    async set => {
      const added = await set.addReplica()
      await set.instance('replica-1').command(follow)
      await added.command(lead)
      await insert(set, 2)
      await set.waitForVclock(added)
      await added.kill()
      await set.instance('replica-1').command(lead)
    },
  ],
  [
    'addReplica(), and the end of another member',
    ['replica-2'],
    async set => {
      await set.addReplica()
      await set.instance('replica-2').kill({ cleanup: false })
    },
  ],
  ['remove()', ['replica-2'], async set => await set.remove('replica-2')],
  [
    'remove() of two members',
    ['replica-2', 'replica-3'],
    async set => {
      await set.remove('replica-2')
      await set.remove('replica-3')
    },
  ],
  [
    'remove() of the first leader',
    ['replica-1'],
    async set => {
      await set.instance('replica-2').command(lead)
      await set.remove('replica-1')
    },
  ],
  [
    'addReplica() and remove() of that member',
    [],
    async set => {
      await set.remove(await set.addReplica())
    },
  ],
  [
    'remove(), and another member of that name',
    ['replica-3'],
    async set => {
      await set.remove('replica-3')
      await set.addReplica({ name: 'replica-3' })
    },
  ],
  [
    'both',
    ['replica-3'],
    async set => {
      await set.addReplica({ name: 'new' })
      await insert(set, 3)
      await set.remove('replica-3')
    },
  ],
]

describe.each([
  { links: false, title: 'without links' },
  { links: true, title: 'with links' },
])('$title', ({ links }) => {
  test.each(changes)('after %s and a reset, the set is as before', async (_, renewed, change) => {
    const set = await threeFromTemplate({ links })
    const before = await outsideOf(set)
    // Again: the second time, the members have another past.
    for (let round = 0; round < 2; round++) {
      const pids = pidsOf(set)
      const known = new Map(set.instances.map(instance => [instance.name, instance]))
      await change(set)
      const added = set.instances.filter(instance => known.get(instance.name) !== instance)
      await insert(set, 1)
      await set.reset()
      expect(await outsideOf(set)).toEqual(before)
      const now = pidsOf(set)
      expect(Object.keys(now).filter(name => now[name] !== pids[name])).toEqual(renewed)
      const places = new Set(set.instances.map(({ workDir }) => workDir))
      for (const { isRunning, workDir } of added) {
        expect([isRunning, existsSync(workDir) && !places.has(workDir)]).toEqual([false, false])
      }
    }
    // A member that ends now finds the others, whatever their logs have.
    await set.instance('replica-3').kill({ cleanup: false })
    await set.reset()
    expect(await outsideOf(set)).toEqual(before)
    expect((await set.addReplica()).name).toBe('replica-4')
  })
})

test('after the members are those of before, a reset leaves them alone', async () => {
  const set = await threeFromTemplate()
  const settings = async (): Promise<number[]> =>
    await Promise.all(
      set.instances.map(async one => (await one.grepLog("set 'replication_connect_quorum' configuration")).length),
    )
  await set.addReplica()
  await set.reset()
  const before = await settings()
  await insert(set, 1)
  await set.reset()
  expect(await settings()).toEqual(before)
})

test('sockets of a member that was added are gone', async () => {
  const set = await threeFromTemplate({ links: true })
  const before = readdirSync(set.directory).sort()
  await set.addReplica()
  await set.reset()
  expect(readdirSync(set.directory).sort()).toEqual(before)
})

test('elections count the members as before', async context => {
  skipWithout('elections', context)
  const set = await threeFromTemplate({ failover: 'election' })
  const before = await outsideOf(set)
  for (let round = 0; round < 2; round++) {
    const pids = pidsOf(set)
    const added = await set.addReplica()
    const [isPromoted] = await added.eval('return pcall(box.ctl.promote)')
    // The former leader may not know yet that it leads no longer.
    const leader = await set.waitForLeader(isPromoted ? { not: 'replica-1' } : {})
    await leader.eval('box.space.users:insert({ 1 })')
    if (round === 1) await set.remove('replica-2')
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await outsideOf(set)).toEqual(before)
    expect(Object.keys(pids).filter(name => pidsOf(set)[name] !== pids[name])).toEqual(round === 1 ? ['replica-2'] : [])
  }
})

describe('what a suite changes', () => {
  const enter = async (set: TarantoolReplicaSet, level: number): Promise<void> => {
    expect((await set.ask('enter', level)).lost).toBeUndefined()
  }

  test('a member that it adds is there in each test, until the suite ends', async () => {
    const set = await threeFromTemplate()
    const before = await outsideOf(set)
    await enter(set, 0)
    await insert(set, 1)
    const added = await set.addReplica()
    await enter(set, 1)
    const ofSuite = await outsideOf(set)
    const pids = pidsOf(set)
    await insert(set, 2)
    await added.command('new_global = 1')
    await enter(set, 1)
    expect(await outsideOf(set)).toEqual(ofSuite)
    expect(pidsOf(set)).toEqual(pids)
    await added.kill({ cleanup: false })
    await insert(set, 2)
    await enter(set, 1)
    expect(await outsideOf(set)).toEqual(ofSuite)
    await set.addReplica()
    await set.remove(added)
    await enter(set, 1)
    expect(await outsideOf(set)).toEqual(ofSuite)
    expect(set.names).toContain(added.name)
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await outsideOf(set)).toEqual(before)
    expect(added.isRunning).toBe(false)
  })

  test('a member that it removes is there again after it', async () => {
    const set = await threeFromTemplate()
    const before = await outsideOf(set)
    await enter(set, 0)
    await set.remove('replica-2')
    await enter(set, 1)
    const ofSuite = await outsideOf(set)
    await insert(set, 2)
    await enter(set, 1)
    expect(await outsideOf(set)).toEqual(ofSuite)
    expect(set.names).toEqual(['replica-1', 'replica-3'])
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await outsideOf(set)).toEqual(before)
  })

  test('a nested suite that adds a member', async () => {
    const set = await threeFromTemplate()
    await enter(set, 0)
    await insert(set, 1)
    expect((await set.ask('nest', 0)).lost).toBeUndefined()
    const ofSuite = await outsideOf(set)
    await insert(set, 2)
    const added = await set.addReplica()
    expect((await set.ask('nest', 0)).lost).toBeUndefined()
    await enter(set, 3)
    const ofNested = await outsideOf(set)
    await insert(set, 3)
    await enter(set, 3)
    expect(await outsideOf(set)).toEqual(ofNested)
    expect((await set.ask('rewind', 1)).lost).toBeUndefined()
    expect(await outsideOf(set)).toEqual(ofSuite)
    expect(added.isRunning).toBe(false)
  })
})

test('members that were added or removed are a change', async () => {
  const set = await threeFromTemplate()
  expect(await set.ask('dirty', 0)).toEqual({ dirty: false })
  const added = await set.addReplica()
  expect(await set.ask('dirty', 0)).toEqual({ dirty: true })
  await set.remove(added)
  await set.reset()
  expect(await set.ask('dirty', 0)).toEqual({ dirty: false })
})
