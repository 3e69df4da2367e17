import { beforeEach, describe, expect, test } from 'vitest'
import type { TarantoolInstance, TarantoolReplicaSet } from '../../src/index.ts'
import { has, skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, pidsOf, stateOfMember as state, threeFromTemplate } from '../support/members.ts'

useOwnCache()

beforeEach(context => skipWithout('synchronous spaces', context))

type Failover = 'manual' | 'election'

const failovers: Failover[] = has('elections') ? ['manual', 'election'] : ['manual']

const orders = `
if box.cfg.election_mode == 'off' and box.ctl.promote then box.ctl.promote() end
box.schema.space.create('orders', { is_sync = true }):create_index('id')
box.space.orders:insert({ 1, 'of a hook' })`

const look = `
local synchro = box.info.synchro
return { orders = box.space.orders and box.space.orders:select(), is_sync = box.space.users.is_sync or false,
    owner = synchro and synchro.queue.owner, waiting = synchro and synchro.queue.len, ro = box.info.ro,
    quorum = box.cfg.replication_synchro_quorum, timeout = box.cfg.replication_synchro_timeout }`

/** The set, whose hooks have made a synchronous space. */
async function suite(failover: Failover, boxCfg: Record<string, number> = {}): Promise<TarantoolReplicaSet> {
  const set = await threeFromTemplate({ failover, links: true, timeout: 20_000, boxCfg })
  await (await set.leader()).command(orders)
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  return set
}

const writable = `box.cfg({ read_only = false, replication_synchro_timeout = 0.1 })
if box.ctl.promote then box.ctl.promote() else box.ctl.clear_synchro_queue() end`

const highQuorum = 'box.cfg({ replication_synchro_quorum = 4, replication_synchro_timeout = 1000 })'

const insertLater = (id: number): string =>
  `require('fiber').create(function() box.space.orders:insert({ ${id}, 'of a test' }) end)`

/** A member has heard nothing from another one for so long that it has given up the connections in both directions. */
const isCutOff = `local uuid = ...
for _, replica in pairs(box.info.replication) do
  if replica.uuid == uuid then return replica.upstream.status ~= 'follow' and replica.downstream.status ~= 'follow' end
end`

const members = async (set: TarantoolReplicaSet): Promise<unknown[]> => [
  await onEach(set, state),
  await onEach(set, look),
]

/** Begins a transaction that waits for its quorum. */
async function beginInsert(leader: TarantoolInstance, id: number): Promise<void> {
  await leader.command(insertLater(id))
}

const others = (set: TarantoolReplicaSet, leader: TarantoolInstance): TarantoolInstance[] =>
  set.instances.filter(instance => instance !== leader)

/** Faults that leave a transaction without its quorum. Some end before the reset, as they do for a handle. */
const faults: Record<string, (set: TarantoolReplicaSet, leader: TarantoolInstance) => Promise<() => unknown>> = {
  'partitioned leader': async (set, leader) => {
    await set.partition(
      [leader.name],
      others(set, leader).map(({ name }) => name),
    )
    await beginInsert(leader, 2)
    return () => set.heal()
  },
  'paused members': async (set, leader) => {
    for (const { process } of others(set, leader)) process?.sendSignal('SIGSTOP')
    await beginInsert(leader, 2)
    return () => set.resume()
  },
  'quorum that is too high': async (_, leader) => {
    await leader.command(highQuorum)
    await beginInsert(leader, 2)
    return () => {}
  },
}

/** Lets a test change the set, and resets the set, several times. Each reset brings all members back. */
async function undoEach(
  set: TarantoolReplicaSet,
  change: (leader: TarantoolInstance) => Promise<unknown>,
  { rounds = 2 } = {},
): Promise<void> {
  const before = await members(set)
  for (let round = 0; round < rounds; round++) {
    await change(await set.leader())
    expect(await set.ask('enter', 1)).toEqual(expect.objectContaining({ kept: [true] }))
    expect(await members(set)).toEqual(before)
  }
}

describe.each(failovers)("a reset of a replica set with failover: '%s'", failover => {
  test.each(Object.keys(faults))('ends a synchronous transaction that waits: %s', async fault => {
    const set = await suite(failover)
    const pids = pidsOf(set)
    await undoEach(set, async leader => {
      const end = await faults[fault]?.(set, leader)
      await end?.()
    })
    expect(pidsOf(set)).toEqual(pids)
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  })

  test('after its leader was killed with a synchronous transaction that waits', async () => {
    const set = await suite(failover)
    await undoEach(set, async leader => {
      await faults['quorum that is too high']?.(set, leader)
      await set.waitForVclock(leader)
      await leader.kill({ cleanup: false })
    })
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  })

  test('after its leader was moved with a synchronous transaction that waits', async () => {
    const set = await suite(failover)
    await undoEach(set, async leader => {
      await faults['quorum that is too high']?.(set, leader)
      await set.waitForVclock(leader)
      const [other] = others(set, leader)
      if (failover === 'manual') {
        await leader.command('box.cfg({ read_only = true })')
        // The new owner waits for the former one.
        await other?.command('box.cfg({ read_only = false, replication_synchro_timeout = 0.1 })')
      }
      await other?.command('if box.ctl.promote then pcall(box.ctl.promote) end')
    })
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  })

  test.each<[string, (leader: TarantoolInstance) => Promise<unknown>]>([
    ['has a transaction that waits', leader => leader.command(`${highQuorum} ${insertLater(2)}`)],
    ['has nothing that waits', leader => leader.eval("box.space.orders:insert({ 2, 'of a test' })")],
  ])('whose former leader %s and learns last that another member leads', async (_, change) => {
    const set = await suite(failover)
    const before = await members(set)
    const pids = pidsOf(set)
    for (let round = 0; round < 3; round++) {
      const leader = await set.leader()
      await change(leader)
      await set.waitForVclock(leader)
      const uuid = (await leader.eval('return box.info.uuid'))[0]
      leader.process?.sendSignal('SIGSTOP')
      const [other, third] = others(set, leader)
      // From here on, the leader has to connect again before it can learn of anything.
      for (const member of [other, third]) await expect.poll(() => member?.eval(isCutOff, uuid)).toEqual([true])
      if (failover === 'manual') await other?.command(writable)
      await set.waitForLeader({ not: leader })
      const reply = set.ask('enter', 1)
      // The leader has the request before it runs again.
      await other?.command('return 1')
      leader.process?.sendSignal('SIGCONT')
      expect(await reply).toEqual(expect.objectContaining({ kept: [true] }))
      expect(await members(set)).toEqual(before)
    }
    expect(pidsOf(set)).toEqual(pids)
  })

  test.each([2, 3])('confirms transactions of members that are too few for a quorum of %i', async quorum => {
    const set = await suite(failover, { replication_synchro_quorum: quorum })
    const before = await members(set)
    for (let round = 0; round < 2; round++) {
      const leader = await set.leader()
      const { pid } = leader
      await leader.command("box.space.orders:update(1, { { '=', 2, 'of a test' } })")
      await set.waitForVclock()
      await Promise.all(
        others(set, leader)
          .slice(quorum - 2)
          .map(member => member.kill({ cleanup: false })),
      )
      await beginInsert(leader, 2)
      expect(await set.ask('enter', 1)).toEqual(expect.objectContaining({ kept: [true] }))
      expect(await members(set)).toEqual(before)
      expect((await set.leader()).pid).toBe(pid)
    }
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  })

  test.skipIf(failover === 'election' || !has('box.ctl.promote'))(
    'after a member could not become the owner of the queue of synchronous transactions',
    async () => {
      const set = await suite(failover)
      const pids = pidsOf(set)
      await undoEach(set, async leader => {
        await faults['quorum that is too high']?.(set, leader)
        await set.waitForVclock(leader)
        await leader.command('box.cfg({ read_only = true })')
        const [other] = others(set, leader)
        await other?.command(`
          box.cfg({ read_only = false, replication_synchro_quorum = 4, replication_synchro_timeout = 0.01 })
          pcall(box.ctl.promote)`)
      })
      expect(pidsOf(set)).toEqual(pids)
    },
  )

  test.skipIf(failover === 'election' || !has('box.ctl.promote'))(
    'during which another member becomes the owner of the queue of synchronous transactions',
    async () => {
      const set = await suite(failover)
      await undoEach(
        set,
        async leader => {
          await faults['quorum that is too high']?.(set, leader)
          await set.waitForVclock(leader)
          // The member waits until the transaction of the former owner ends.
          await others(set, leader)[0]?.command(`
          box.cfg({ read_only = false, replication_synchro_timeout = 1000 })
          require('fiber').create(box.ctl.promote)`)
        },
        { rounds: 3 },
      )
    },
  )

  test('puts back the quorum and its timeout', async () => {
    const set = await suite(failover)
    const pids = pidsOf(set)
    await undoEach(set, async leader => {
      await onEach(set, 'box.cfg({ replication_synchro_quorum = 3, replication_synchro_timeout = 0.001 })')
      await leader.command('pcall(box.space.orders.insert, box.space.orders, { 2 })')
    })
    expect(pidsOf(set)).toEqual(pids)
  })

  test('puts back that a space is synchronous, or is not', async () => {
    const set = await suite(failover)
    const pids = pidsOf(set)
    await undoEach(set, async leader => {
      await leader.command(`
        box.space._space:update(box.space.users.id, { { '=', 6, { is_sync = true } } }) box.space.users:insert({ 1 })
        box.space._space:update(box.space.orders.id, { { '=', 6, { is_sync = false } } }) box.space.orders:insert({ 2 })`)
    })
    expect(pidsOf(set)).toEqual(pids)
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  })

  test.skipIf(!has('box.ctl.promote'))('gives the queue of synchronous transactions back to its owner', async () => {
    const set = await threeFromTemplate({ failover, timeout: 20_000 })
    const before = await members(set)
    const pids = pidsOf(set)
    for (let round = 0; round < 2; round++) {
      // From 3.0 on, it waits in vain until it is writable.
      await set.instance('replica-2').command('box.cfg({ replication_synchro_timeout = 0.1 }) pcall(box.ctl.promote)')
      expect((await set.ask('enter', 0)).lost).toBeUndefined()
      expect(await members(set)).toEqual(before)
    }
    expect(pidsOf(set)).toEqual(pids)
  })
})

describe('a queue of synchronous transactions with an owner', () => {
  beforeEach(context => {
    skipWithout('box.ctl.demote', context)
  })

  const own = "box.cfg({ read_only = false }) box.ctl.promote() box.space.orders:insert({ 2, 'of a test' })"

  test.each<[string, string, string, boolean]>([
    ['the owner', 'replica-1', 'replica-1', false],
    ['the owner, which was no leader', 'replica-2', 'replica-2', false],
    ['another member', 'replica-1', 'replica-3', false],
    ['the owner, of a suite', 'replica-1', 'replica-1', true],
    ['another member, of a suite', 'replica-1', 'replica-2', true],
  ])(
    'can be closed and opened again by each member after a reset that has replaced %s',
    async (_, owner, ended, stays) => {
      const set = await threeFromTemplate({ timeout: 20_000 })
      const leader = await set.leader()
      await leader.command("box.schema.space.create('orders', { is_sync = true }):create_index('id')")
      if (stays) await leader.command('box.ctl.promote()')
      expect((await set.ask('enter', 1)).lost).toBeUndefined()
      const before = await members(set)
      for (let round = 0; round < 2; round++) {
        await set.instance(owner).command(own)
        await set.instance(ended).kill({ cleanup: false })
        expect((await set.ask('enter', 1)).lost).toBeUndefined()
        expect(await members(set)).toEqual(before)
        for (const member of set.instances) {
          await member.command('box.cfg({ read_only = false }) box.ctl.promote() box.space.orders:insert({ 2 })')
          await set.waitForVclock(member)
          await member.command('box.ctl.demote() box.cfg({ read_only = true })')
          expect((await set.ask('enter', 1)).lost).toBeUndefined()
          expect(await members(set)).toEqual(before)
        }
      }
    },
  )

  test('has none after a restart of the owner: nobody leads, which is told at once', async () => {
    const set = await threeFromTemplate({ timeout: 200_000 })
    const leader = await set.leader()
    await leader.command('box.ctl.promote()')
    await leader.restart({ recreate: false })
    await expect(set.leader()).rejects.toThrow(/no instance of replica set .* is writable|has no leader/)
  })
})
