import { describe, expect, test } from 'vitest'
import type { TarantoolInstance, TarantoolReplicaSet } from '../../src/index.ts'
import { newReplicaSet } from '../support/clusters.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach } from '../support/members.ts'

useOwnCache()

const optionsOfReplication = `return {
  quorum = box.cfg.replication_connect_quorum, connect = box.cfg.replication_connect_timeout,
  sync = box.cfg.replication_sync_timeout, ro = box.cfg.read_only }`

const kill = async (instance: TarantoolInstance): Promise<void> => await instance.kill({ cleanup: false })

async function startEachAlone(set: TarantoolReplicaSet): Promise<void> {
  const [one, two, three] = set.instances as [TarantoolInstance, TarantoolInstance, TarantoolInstance]
  // Two members are enough for each start. The first one leads.
  await kill(two)
  await kill(three)
  await three.start({ recreate: false })
  await kill(one)
  await one.start({ recreate: false })
  await kill(three)
  await two.start({ recreate: false })
  await three.start({ recreate: false })
}

async function replaceTwo(set: TarantoolReplicaSet): Promise<void> {
  const [one, two] = set.instances as [TarantoolInstance, TarantoolInstance]
  await kill(one)
  await kill(two)
  expect((await set.ask('rewind', 0)).lost).toBeUndefined()
}

describe.each([
  ['of Tarantool', ''],
  ['of the application', 'box.cfg({ replication_connect_timeout = 4, replication_sync_timeout = 3 })'],
  ['of a later call', 'box.cfg({}) box.cfg({ replication_connect_timeout = 4, replication_sync_timeout = 3 })'],
])('the options %s', (_, appLua) => {
  test('hold again after each start, whichever members it finds', async () => {
    const make = (): TarantoolReplicaSet =>
      newReplicaSet({ replicas: 3, name: 'replica', appLua, recordChanges: true, timeout: 12_000 })
    const bootstrapped = await make().start()
    const before = await onEach(bootstrapped, optionsOfReplication)
    const [connect, sync] = appLua === '' ? [30, expect.any(Number)] : [4, 3]
    expect(before).toEqual([true, true, true].map((_, index) => ({ quorum: 3, connect, sync, ro: index > 0 })))
    await bootstrapped.kill()
    const set = await make().start()
    expect(await onEach(set, optionsOfReplication), 'from a template').toEqual(before)
    await startEachAlone(set)
    expect(await onEach(set, optionsOfReplication), 'started alone').toEqual(before)
    await replaceTwo(set)
    expect(await onEach(set, optionsOfReplication), 'replaced').toEqual(before)
  })
})
