import { describe, expect, test } from 'vitest'
import type { ReplicaSetOptions, TarantoolReplicaSet } from '../../src/index.ts'
import { newCluster, newReplicaSet, threeInstances } from '../support/clusters.ts'
import { has } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, pidsOf } from '../support/members.ts'

useOwnCache()

const schema = `
if not box.info.ro then
    for _, name in ipairs({ 'users', 'common' }) do
        box.schema.space.create(name, { if_not_exists = true }):create_index('id', { if_not_exists = true })
    end
    box.schema.space.create('starts', { if_not_exists = true, is_local = true }):create_index('id', { if_not_exists = true })
end
`

/** Counts the starts of each member in its local space, and those of the leader in a common one. */
const writes = `${schema}
if not box.info.ro then box.space.common:auto_increment({ 'start' }) end
box.space.starts:auto_increment({ 'start' })
`

const rows = `local rows = {}
for _, name in ipairs({ 'users', 'common', 'starts' }) do rows[name] = box.space[name]:select() end
return rows`

async function newSet(options: Partial<ReplicaSetOptions>): Promise<TarantoolReplicaSet> {
  const terms = {
    ...{ replicas: 3, name: 'm', appLua: writes, recordChanges: true },
    ...{ seedLua: 'box.space.users:insert({ 100 })', ...options },
  }
  // A second set begins with the template of the first, if there is one.
  await (await newReplicaSet(terms).start()).kill()
  const set = await newReplicaSet(terms).start()
  await set.waitForVclock()
  return set
}

const disturbances: Record<string, (set: TarantoolReplicaSet) => Promise<unknown>> = {
  'a follower was killed': set => set.instance('m-2').kill({ cleanup: false }),
  'the leader was killed': set => set.instance('m-1').kill({ cleanup: false }),
  'a member was removed': set => set.remove('m-3'),
  'a member was added': set => set.addReplica(),
}

describe.each([{ failover: 'manual' } as const, ...(has('elections') ? [{ failover: 'election' } as const] : [])])(
  'an application that writes at each start: %j',
  options => {
    // Such a set has no template, so it is replaced as a whole, or its members begin with the data of the others.
    test.each(Object.keys(disturbances))('its rows are those of the beginning after a reset: %s', async name => {
      const set = await newSet(options)
      const before = await onEach(set, rows)
      for (let round = 0; round < 2; round++) {
        await (await set.leader()).eval('box.space.users:insert({ 1 })')
        await disturbances[name]?.(set)
        await set.reset()
        expect(await onEach(set, rows)).toEqual(before)
      }
    })

    test.each(['m-2', 'm-3'])(
      'the others keep their processes, and its rows are added once: %s was killed',
      async name => {
        const set = await newSet(options)
        const before = await onEach(set, rows)
        for (let round = 0; round < 2; round++) {
          const pids = pidsOf(set)
          await (await set.leader()).eval('box.space.users:insert({ 1 })')
          await set.instance(name).kill({ cleanup: false })
          expect((await set.ask('rewind', 0)).lost).toBeUndefined()
          expect(await onEach(set, rows)).toEqual(before)
          const isKept = pidsOf(set).map((pid, index) => pid === pids[index])
          expect(isKept).toEqual(set.names.map(other => other !== name))
        }
      },
    )
  },
)

test.runIf(has('a config file'))('without a template, a replica of a config gets a new process alone', async () => {
  const cluster = await newCluster({ app: threeInstances(), seedTemplate: false, recordChanges: true }).start()
  const pids = pidsOf(cluster)
  await cluster.instance('s-001').call('add_user', 1, 'ann')
  await cluster.instance('s-002').kill({ cleanup: false })
  expect((await cluster.ask('rewind', 0)).lost).toBeUndefined()
  expect(await cluster.instance('s-002').eval('return box.space.users:select()')).toEqual([[]])
  expect(pidsOf(cluster).map((pid, index) => pid === pids[index])).toEqual(cluster.names.map(name => name !== 's-002'))
  await cluster.waitForFullMesh()
})

test.each(['m-2', 'm-4'])('a member of a suite that writes at each start: %s was killed', async name => {
  const set = await newSet({ appLua: schema })
  expect((await set.ask('enter', 0)).lost).toBeUndefined()
  await set.addReplica({ appLua: writes })
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  const before = await onEach(set, rows)
  await (await set.leader()).eval('box.space.users:insert({ 1 })')
  await set.instance(name).kill({ cleanup: false })
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  expect(await onEach(set, rows)).toEqual(before)
})
