import { expect, test } from 'vitest'
import type { TarantoolReplicaSet } from '../../src/index.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'
import { useOwnCache } from '../support/instances.ts'

useOwnCache()

const addressesOf = (set: TarantoolReplicaSet): unknown[] =>
  set.instances.map(({ name, host, port }) => [name, host, port])

const changes: [string, (set: TarantoolReplicaSet) => Promise<unknown>][] = [
  ['addReplica()', async set => await set.addReplica()],
  ['remove()', async set => await set.remove('m-2')],
  [
    'remove() of the first leader',
    async set => {
      await set.instance('m-2').command('box.cfg{ read_only = false }')
      await set.remove('m-1')
    },
  ],
  [
    'both',
    async set => {
      await set.addReplica({ name: 'm-9' })
      await set.remove('m-3')
    },
  ],
]

test.each(changes)('after %s and a reset, the set has its members, addresses and leader again', async (_, change) => {
  const options = { replicas: 3, name: 'm', appLua: appOfMembers, recordChanges: true }
  const set = await newReplicaSet(options).start()
  const before = addressesOf(set)
  await change(set)
  await (await set.leader()).call('add_user', 1, 'ann')
  await set.reset()
  expect(addressesOf(set)).toEqual(before)
  expect((await set.leader()).name).toBe('m-1')
  await set.waitForFullMesh()
  for (const member of set.instances) {
    expect(await member.eval('return count_users(), box.space._cluster:count(), #box.cfg.replication')).toEqual([
      0, 3, 3,
    ])
  }
})
