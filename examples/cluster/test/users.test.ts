import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'

// The handle of the router.
const tarantool = useTarantool()

const count = async (instance: string): Promise<unknown> =>
  (await tarantool.instance(instance).eval('return box.space.users:len()'))[0]

test('the router finds the users of the seed', async () => {
  expect(await tarantool.call('get_user', 1)).toEqual([[1, 'ann']])
  expect(await tarantool.call('get_user', 6)).toEqual([[6, 'frank']])
  expect(await tarantool.call('count_users')).toEqual([6])
})

test('each user is in one shard, on all its replicas', async () => {
  const [first, second] = [await count('storage-1-a'), await count('storage-2-a')]
  expect([first, second]).not.toContain(0)
  expect(Number(first) + Number(second)).toBe(6)
  expect([await count('storage-1-b'), await count('storage-2-b')]).toEqual([first, second])
})

test('adds a user', async () => {
  expect(await tarantool.call('add_user', 7, 'gil')).toEqual([[7, 'gil']])
  expect(await tarantool.call('count_users')).toEqual([7])
})

test('starts with the users of the seed, whatever the test before has added', async () => {
  expect(await tarantool.call('get_user', 7)).toEqual([])
  expect(await tarantool.call('count_users')).toEqual([6])
})

test('a user who is there already', async () => {
  await expect(tarantool.call('add_user', 1, 'another ann')).rejects.toThrow('Duplicate key')
})
