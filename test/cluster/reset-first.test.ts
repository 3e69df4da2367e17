import { expect, test } from 'vitest'
import type { AnyCluster } from '../../src/index.ts'
import { newReplicaSet } from '../support/clusters.ts'
import { useOwnCache } from '../support/instances.ts'

useOwnCache()

const appLua = `
if not box.info.ro then
    box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })
end
`

const rows = async (cluster: AnyCluster): Promise<unknown[]> =>
  await Promise.all(
    cluster.instances.map(async instance => (await instance.eval('return box.space.users:select()'))[0]),
  )

test('the first set, whose data became the template, replaces one member', async () => {
  const set = await newReplicaSet({ replicas: 3, appLua, recordChanges: true }).start()
  const pids = set.instances.map(({ pid }) => pid)
  await set.waitForVclock()
  const before = await rows(set)
  const leader = await set.leader()
  for (const name of ['replica-2', leader.name]) {
    await leader.eval('box.space.users:replace({ 1 })')
    await set.instance(name).kill({ cleanup: false })
    expect((await set.ask('enter', 0)).lost).toBeUndefined()
    expect(await rows(set)).toEqual(before)
  }
  expect(set.names.filter((name, index) => set.instance(name).pid !== pids[index])).toEqual(['replica-1', 'replica-2'])
})
