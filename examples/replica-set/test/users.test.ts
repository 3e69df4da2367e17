import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Users } from '../src/users.ts'

// The handle of the leader.
const tarantool = useTarantool()

let users: Users
beforeAll(() => {
  users = new Users(tarantool.instances)
})
afterAll(() => users.close())

const promote = async (member: string): Promise<void> => {
  await tarantool.instance(member).command('box.cfg({ read_only = false })')
}

test('a user reaches all members', async () => {
  await users.put(1, 'ann')
  await tarantool.waitForVclock()
  for (const instance of tarantool.instances) expect(await instance.call('count_users')).toEqual([1])
})

test('the client survives a failover', async () => {
  await users.put(1, 'ann')
  await tarantool.waitForVclock()
  const former = await tarantool.leader()
  await former.kill()

  // The request waits until there is a leader again.
  const late = users.put(2, 'bob')
  await promote('default-2')
  await late
  expect(await users.count()).toBe(2)

  // The former leader comes back as a replica, and catches up.
  await former.start()
  await former.command('box.cfg({ read_only = true })')
  await tarantool.waitForFullMesh()
  await tarantool.waitForVclock('default-2')
  expect(await former.call('count_users')).toEqual([2])
})

test('the client survives a leader that hangs', async () => {
  const former = await tarantool.leader()
  await former.pause()
  const late = users.put(1, 'ann')
  await promote('default-3')
  await late
  expect((await tarantool.waitForLeader({ not: former })).port).toBe(tarantool.instance('default-3').port)
})

test('the client survives a partition', async () => {
  const former = await tarantool.leader()
  // The former leader is alone, and the client does not reach it.
  await tarantool.partition(['default-1'], ['default-2', 'default-3'])
  await former.link.hang()
  const late = users.put(1, 'ann')
  await promote('default-2')
  await late
  expect(await users.count()).toBe(1)
  expect(await former.call('count_users')).toEqual([0])

  await former.command('box.cfg({ read_only = true })')
  await tarantool.heal()
  await tarantool.waitForVclock('default-2')
  expect(await former.call('count_users')).toEqual([1])
})

test('the next test has the first leader and no users', async () => {
  expect((await tarantool.leader()).port).toBe(tarantool.instance('default-1').port)
  expect(await users.count()).toBe(0)
})
