import { expect, test } from 'vitest'
import type { TarantoolInstance, TarantoolReplicaSet } from '../../src/index.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'
import { has } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach } from '../support/members.ts'

useOwnCache()

const insert = "box.cfg({ read_only = false }) box.space.users:insert({ 1, 'without a log' })"

/** Lua that removes the logs of a member, except for one row. */
const removeLogs = `
box.snapshot()
box.space.users:insert({ 2, 'in the log' })
local logs = require('fio').glob(box.cfg.wal_dir .. '/*.xlog')
table.sort(logs)
for i = 1, #logs - 1 do require('fio').unlink(logs[i]) end`

/** Waits until a member has been told so often that another one lacks what it needs. */
async function untilRefused(instance: TarantoolInstance, times: number): Promise<void> {
  const since = instance.log.offset
  const refusals = async (): Promise<number> => (await instance.grepLog('Missing .xlog file', { since })).length
  await expect.poll(refusals, { timeout: 20_000, interval: 20 }).toBeGreaterThanOrEqual(times)
}

const newSet = async (replicationTimeout?: number): Promise<TarantoolReplicaSet> =>
  await newReplicaSet({
    ...{ replicas: 3, name: 'm', appLua: appOfMembers, links: true, timeout: 20_000 },
    boxCfg: { ...(replicationTimeout !== undefined && { replication_timeout: replicationTimeout }) },
  }).start()

// Up to 2.6.0, Tarantool ends such a replication for good.
test('a member gets from another one what the logs of a third lack, and replicates from all again', async () => {
  const set = await newSet()
  const late = set.instance('m-2')
  await set.partition(['m-2'], ['m-1', 'm-3'])
  await set.instance('m-3').command(insert)
  await expect.poll(() => set.instance('m-1').call('count_users')).toEqual([1])
  await set.instance('m-3').command(removeLogs)
  await set.link('m-2', 'm-3').heal()
  await untilRefused(late, 1)
  await set.heal()
  await set.waitForFullMesh()
  expect(await onEach(set, 'return box.space.users:count()')).toEqual([2, 2, 2])
})

/** Writes without a pause on a member, and keeps the errors. */
const writer = `
refusals = {}
writer = require('fiber').create(function()
    for id = 1000, math.huge do
        local done, raised = pcall(box.space.users.insert, box.space.users, { id })
        if not done then table.insert(refusals, tostring(raised)) end
        require('fiber').sleep(0)
    end
end)`

test.runIf(has('fiber slices'))(
  'an elected leader that cannot replicate from one member keeps its term, its connections and its right to write',
  async () => {
    // With the default timeout, a slow machine can begin an election.
    const set = await newSet(0.5)
    const [leader, follower, source] = ['m-1', 'm-2', 'm-3'].map(name => set.instance(name)) as TarantoolInstance[]
    if (!leader || !follower || !source) throw new Error('a set has three members')
    await set.partition([source], [leader, follower])
    await source.command(insert + removeLogs)
    await source.command('box.cfg({ read_only = true })')
    await set.heal()
    await follower.command("box.cfg({ election_mode = 'voter' })")
    await leader.command("box.cfg({ election_mode = 'candidate' })")
    const election = async (): Promise<unknown> =>
      (await leader.eval('return { tonumber(box.info.election.term), box.info.election.state }'))[0]
    await expect.poll(election, { timeout: 10_000 }).toEqual([expect.anything(), 'leader'])
    await expect.poll(() => leader.eval('return box.info.ro')).toEqual([false])
    const before = await election()
    await leader.command(writer)
    const since = follower.log.offset
    await untilRefused(leader, 3)
    expect(await election()).toEqual(before)
    expect(await leader.command('writer:cancel() return refusals')).toEqual([[]])
    const [uuid] = await leader.eval('return box.info.uuid')
    expect(await follower.grepLog(`subscribed replica ${String(uuid)}`, { since })).toEqual([])
  },
)
