import { setTimeout } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import type { TarantoolInstance, TarantoolReplicaSet } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, threeFromTemplate } from '../support/members.ts'

useOwnCache()

beforeEach(context => skipWithout('fiber slices', context))

const view = "local election = box.info.election return ('%d,%d'):format(tonumber(election.term), election.leader)"

/** The term and the leader that all members know. A longer timeout rules out elections because of a slow machine. */
async function elected(links: boolean): Promise<{ set: TarantoolReplicaSet; before: unknown[] }> {
  const set = await threeFromTemplate({
    failover: 'election',
    links,
    timeout: 20_000,
    boxCfg: { replication_timeout: 0.5 },
  })
  return { set, before: await onEach(set, view) }
}

/** Writes without a pause on a member, and keeps the errors. */
const writer = `
refusals = {}
writer = require('fiber').create(function()
    while true do
        local done, raised = pcall(box.space.quiet.replace, box.space.quiet, { 1 })
        if not done then table.insert(refusals, tostring(raised)) end
        require('fiber').sleep(0)
    end
end)`

describe.each([
  { links: false, title: 'without links' },
  { links: true, title: 'with links' },
])('$title', ({ links }) => {
  test('an elected leader keeps its term while members are added and removed', async () => {
    const { set, before } = await elected(links)
    for (const name of ['replica-2', 'new']) {
      await set.addReplica({ name: 'new' })
      expect(await onEach(set, view)).toEqual([before[0], ...before])
      await set.remove(name)
      expect(await onEach(set, view)).toEqual(before)
      if (name === 'replica-2') await set.remove('new')
      if (name === 'replica-2') await set.addReplica({ name })
    }
  })

  test('an elected leader keeps its term during a reset of the members', async () => {
    const { set, before } = await elected(links)
    for (let round = 0; round < 2; round++) {
      await set.addReplica()
      await set.reset()
      expect(await onEach(set, view)).toEqual(before)
      await set.remove('replica-3')
      await set.reset()
      expect(await onEach(set, view)).toEqual(before)
    }
  })

  test.each(['manual', 'election'] as const)(
    "a leader can write while members are added and removed: failover '%s'",
    async failover => {
      const set = await threeFromTemplate({ failover, links, timeout: 20_000, boxCfg: { replication_timeout: 0.5 } })
      const leader = await set.leader()
      await leader.command(writer)
      await set.remove('replica-3')
      await set.addReplica()
      expect(await leader.command('writer:cancel() return refusals')).toEqual([[]])
    },
  )
})

test('an elected leader keeps its term when a member stalls for a moment while another one is removed', async () => {
  const { set, before } = await elected(false)
  const leader = await set.leader()
  const [stalled, removed] = set.instances.filter(instance => instance !== leader)
  const removal = set.remove(removed as TarantoolInstance)
  await expect.poll(() => removed?.isRunning, { interval: 1 }).toBe(false)
  process.kill(stalled?.pid as number, 'SIGSTOP')
  // Less than the time after which members take each other for dead.
  await setTimeout(1000)
  process.kill(stalled?.pid as number, 'SIGCONT')
  await removal
  expect(await onEach(set, view)).toEqual(before.slice(0, 2))
})

test('the leader of two members is removed: the other one is elected, and the next reset brings all back', async () => {
  const { set } = await elected(false)
  const names = [...set.names]
  await set.remove('replica-3')
  const leader = await set.leader()
  const other = set.instances.find(instance => instance !== leader)
  const quorum = 'return box.cfg.replication_synchro_quorum'
  const before = await other?.eval(quorum)
  await set.remove(leader)
  expect(await set.leader()).toBe(other)
  expect(await other?.eval(quorum)).toEqual(before)
  await other?.eval('box.space.quiet:replace({ 2 })')
  await set.reset()
  expect(set.names).toEqual(names)
  expect(await onEach(set, 'return box.space.quiet:count()')).toEqual([0, 0, 0])
})

test('a removal of the leader of two members fails: the quorum is the former one', async () => {
  const { set } = await elected(false)
  await set.remove('replica-3')
  const leader = await set.leader()
  const other = set.instances.find(instance => instance !== leader)
  const quorum = 'return box.cfg.replication_synchro_quorum'
  const before = await other?.eval(quorum)
  await other?.eval("box.space._cluster:before_replace(function() error('the list is closed') end)")
  await expect(set.remove(leader)).rejects.toThrow('the list is closed')
  expect(await other?.eval(quorum)).toEqual(before)
})
