import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { TarantoolReplicaSet } from '../../src/index.ts'
import { newCluster, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { temporaryDirectory, useOwnCache } from '../support/instances.ts'
import { onEach, pidsOf, stateOfMember as state, threeFromTemplate } from '../support/members.ts'

useOwnCache()

beforeEach(context => skipWithout('box.ctl.promote', context))

const terms = async (set: TarantoolReplicaSet): Promise<number[]> =>
  (await onEach(set, 'return tonumber(box.info.election.term)')) as number[]

/** All that a client can see of elections and of the synchronous queue, without terms. */
const view = `
local info, election, queue = box.info, box.info.election, box.info.synchro.queue
local done, raised = pcall(box.space.users.delete, box.space.users, { 0 })
local refusal = not done and raised:unpack() or {}
return { ro = info.ro, ro_reason = info.ro_reason, status = info.status,
    state = election.state, leader = election.leader, leader_name = election.leader_name,
    owner = queue.owner, waiting = queue.len, busy = queue.busy,
    cfg = { box.cfg.read_only, box.cfg.election_mode, box.cfg.replication_synchro_quorum, box.cfg.replication_synchro_timeout },
    refusal = { refusal.code, refusal.reason, refusal.state, refusal.leader_id, refusal.leader_uuid,
        done or (tostring(raised):gsub('term %d+', 'term N')) } }`

const orders = "box.schema.space.create('orders', { is_sync = true }):create_index('id')"

interface Kind {
  readonly kind: string
  readonly failover: 'manual' | 'election'
  readonly seedLua: string
}

const kinds: readonly Kind[] = [
  { kind: 'an elected leader', failover: 'election', seedLua: orders },
  { kind: 'a queue that is owned at the beginning', failover: 'manual', seedLua: `${orders} box.ctl.promote()` },
]

const writable = 'box.cfg({ read_only = false, replication_synchro_timeout = 0.1 }) pcall(box.ctl.promote)'

const disturbances: Record<string, (set: TarantoolReplicaSet) => Promise<unknown>> = {
  'another member has promoted itself': set => set.instance('replica-2').command(writable),
  'two members have promoted themselves': async set => {
    await set.instance('replica-2').command(writable)
    await set.instance('replica-3').command(writable)
  },
  'the leader has demoted itself': set => set.instance('replica-1').command('box.ctl.demote()'),
  'the leader was killed, and another member has promoted itself': async set => {
    await set.instance('replica-1').kill({ cleanup: false })
    await set.instance('replica-3').command(writable)
  },
}

test('a set whose queue had an owner can write after a restart', async () => {
  const set = await threeFromTemplate({ seedLua: `${orders} box.ctl.promote()`, timeout: 20_000 })
  await (await set.leader()).eval('box.space.orders:insert({ 7 })')
  await set.restart()
  const leader = await set.leader()
  expect(leader.name).toBe('replica-1')
  await leader.eval('box.space.orders:insert({ 8 })')
  await set.waitForVclock(leader)
  expect(await onEach(set, 'return box.space.orders:count()')).toEqual([2, 2, 2])
})

test('a replica set of a config whose seed owns the queue can write from its template, after a restart, and after a reset', async context => {
  skipWithout('a config file', context)
  const runs = join(temporaryDirectory(), 'runs')
  const note = `local file = io.open('${runs}', 'a') file:write('seeded ') file:close()`
  const seedLua = `${note} ${orders} box.ctl.promote() box.space.orders:insert({ 1 })`
  const options = { app: threeInstances(), seedOn: 's-001', seedLua, recordChanges: true, timeout: 20_000 }
  await (await newCluster(options).start()).kill()
  const cluster = await newCluster(options).start()
  const write = async (id: number): Promise<void> => {
    const leader = await cluster.leader('s')
    expect(leader.name).toBe('s-001')
    await leader.eval('box.space.orders:insert({ ... })', id)
    await cluster.waitForVclock(leader)
  }
  const rows = async (): Promise<unknown> =>
    await Promise.all(
      ['s-001', 's-002'].map(async name => (await cluster.instance(name).eval('return box.space.orders:select()'))[0]),
    )
  expect(readFileSync(runs, 'utf8'), 'the template has been used').toBe('seeded ')
  await write(2)
  await cluster.reset()
  expect(await rows()).toEqual([[[1]], [[1]]])
  await write(3)
  await cluster.restart()
  await write(4)
  expect(await rows()).toEqual([
    [[1], [3], [4]],
    [[1], [3], [4]],
  ])
})

describe.each(kinds)('a replica set with $kind', ({ failover, seedLua }) => {
  test.each(Object.keys(disturbances))(
    'has a higher term after a reset, and nothing else has changed: %s',
    async name => {
      const set = await threeFromTemplate({ failover, seedLua, timeout: 20_000 })
      const before = [await onEach(set, view), await onEach(set, state)]
      expect(before[0]?.[0]).toMatchObject({ ro: false, owner: 1 })
      const [pids, former] = [pidsOf(set), await terms(set)]
      await disturbances[name]?.(set)
      const { lost, replaced } = await set.ask('rewind', 0)
      expect(lost).toBeUndefined()
      if (!name.includes('killed')) expect(replaced).toBeUndefined()
      const later = await terms(set)
      expect(new Set(later).size, `terms ${later}`).toBe(1)
      expect(later[0]).toBeGreaterThan(former[0] ?? 0)
      expect([await onEach(set, view), await onEach(set, state)]).toEqual(before)
      if (!name.includes('killed')) expect(pidsOf(set)).toEqual(pids)
      // A client can write at once, also in a synchronous space.
      const leader = await set.leader()
      expect(leader.name).toBe('replica-1')
      await leader.eval('box.space.orders:insert({ 100 }) box.space.users:insert({ 100 })')
      await set.waitForVclock(leader)
      expect(await onEach(set, 'return box.space.orders:get(100)')).toEqual([[100], [100], [100]])
    },
  )
})
