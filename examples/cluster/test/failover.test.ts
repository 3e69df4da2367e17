import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'

const tarantool = useTarantool()

// A user for each shard.
const newcomers = ['gil', 'hal', 'ian', 'joe', 'kim', 'leo'].map((name, index) => [index + 7, name] as const)

const addAll = async (): Promise<void> => {
  for (const [id, name] of newcomers) await tarantool.call('add_user', id, name)
}

test('without its leader, a shard takes no users', async () => {
  const leader = await tarantool.leader('storages-1')
  await leader.kill()
  await expect(addAll()).rejects.toThrow("shard 'storages-1' has no leader")
})

test('a failover by hand: the replica takes over, and the former leader catches up', async () => {
  const former = await tarantool.leader('storages-1')
  await former.kill()
  await tarantool.set({ 'groups.storages.replicasets.storages-1.leader': 'storage-1-b' })
  expect((await tarantool.leader('storages-1')).port).toBe(tarantool.instance('storage-1-b').port)

  await addAll()
  expect(await tarantool.call('count_users')).toEqual([12])

  await former.start()
  const lengths = async (): Promise<unknown> =>
    await Promise.all([former, tarantool.instance('storage-1-b')].map(one => one.eval('return box.space.users:len()')))
  await expect.poll(async () => new Set(JSON.stringify(await lengths()).match(/\d+/g)).size).toBe(1)
  expect(await former.eval('return box.info.ro')).toEqual([true])
})

test('the next test has the leader of the config, and the data of the seed', async () => {
  expect((await tarantool.leader('storages-1')).port).toBe(tarantool.instance('storage-1-a').port)
  expect(await tarantool.call('count_users')).toEqual([6])
})
