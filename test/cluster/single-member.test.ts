import { describe, expect, test } from 'vitest'
import type { ReplicaSetOptions, TarantoolReplicaSet } from '../../src/index.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'

useOwnCache()

const three = async (options: Partial<ReplicaSetOptions> = {}): Promise<TarantoolReplicaSet> =>
  await newReplicaSet({ replicas: 3, appLua: appOfMembers, timeout: 15_000, ...options }).start()

const pause = async (set: TarantoolReplicaSet, name: string): Promise<void> => await set.instance(name).pause()
const resume = async (set: TarantoolReplicaSet, name: string): Promise<void> => await set.instance(name).resume()

describe('a member that starts alone', () => {
  test('does not wait for a member that is paused', async () => {
    const set = await three()
    await (await set.leader()).call('add_user', 1, 'ann')
    await set.waitForVclock()
    await pause(set, 'replica-2')
    await set.instance('replica-3').restart({ recreate: false })
    expect(await set.instance('replica-3').call('count_users')).toEqual([1])
    await set.waitForFullMesh({ onlyRunning: true, timeout: 5000 })
    await resume(set, 'replica-2')
    await set.waitForFullMesh()
  })

  test.each(['replica-1', 'replica-3'])('gets the data of the others, with an empty directory: %s', async name => {
    const set = await three()
    await (await set.leader()).call('add_user', 1, 'ann')
    await set.waitForVclock()
    await set.instance(name).restart({ recreate: true })
    await set.waitForFullMesh()
    expect(await set.leader()).toBe(set.instance('replica-1'))
    await set.instance('replica-1').call('add_user', 2, 'bob')
    await set.waitForVclock()
    const counts = set.instances.map(async instance => await instance.call('count_users'))
    expect(await Promise.all(counts)).toEqual([[2], [2], [2]])
  })

  test('does not wait for a leader, if it cannot elect one', async context => {
    skipWithout('elections', context)
    const set = await three({ failover: 'election', links: true })
    await (await set.leader()).call('add_user', 1, 'ann')
    await set.waitForVclock()
    await set.partition(['replica-3'], ['replica-1', 'replica-2'])
    await set.instance('replica-3').restart({ recreate: false })
    expect(await set.instance('replica-3').eval('return count_users(), box.info.ro')).toEqual([1, true])
    await set.heal()
    await set.waitForFullMesh()
  })

  test('does not wait for a leader that it cannot reach', async context => {
    skipWithout('elections', context)
    const set = await three({ failover: 'election', links: true })
    await set.link('replica-3', 'replica-1').hang()
    await set.instance('replica-3').restart({ recreate: false })
    expect(await set.instance('replica-3').eval('return count_users(), box.info.ro')).toEqual([0, true])
    await set.heal()
    await set.waitForFullMesh()
  })

  test('does not wait until it owns the queue of synchronous transactions', async context => {
    skipWithout('box.ctl.promote', context)
    const set = await three()
    // From 3.0 on, it waits in vain until it is writable.
    const promote = 'box.cfg({ replication_synchro_timeout = 0.1 }) pcall(box.ctl.promote)'
    await set.instance('replica-2').command(promote)
    await set.instance('replica-1').restart({ recreate: false })
    expect(await set.instance('replica-1').eval('return box.cfg.read_only, box.info.ro')).toEqual([false, true])
  })

  test('cannot begin with an empty directory if it reaches no other member', async () => {
    const set = await three({ links: true })
    await set.partition(['replica-1'], ['replica-2', 'replica-3'])
    await expect(set.instance('replica-1').restart({ recreate: true })).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_SERVER_EXITED',
    })
  })
})
