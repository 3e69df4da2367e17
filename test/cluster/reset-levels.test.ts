import { beforeEach, describe, expect, test } from 'vitest'
import type { ReplicaSetOptions, TarantoolReplicaSet } from '../../src/index.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'

useOwnCache()

const appLua = `${appOfMembers}
box.schema.sequence.create('numbering', { if_not_exists = true })`

const three = async (options: Partial<ReplicaSetOptions> = {}): Promise<TarantoolReplicaSet> =>
  await newReplicaSet({ name: 'replica', replicas: 3, appLua, recordChanges: true, ...options }).start()

/** A set that can replace its members, because it starts from a template. */
async function fromTemplate(options: Partial<ReplicaSetOptions> = {}): Promise<TarantoolReplicaSet> {
  await (await three(options)).kill()
  return await three(options)
}

const counts = async (set: TarantoolReplicaSet): Promise<unknown[]> =>
  await Promise.all(set.instances.map(async instance => (await instance.call('count_users'))[0]))

async function lead(set: TarantoolReplicaSet, name: string): Promise<void> {
  await (await set.leader()).command('box.cfg({ read_only = true })')
  await set.instance(name).command('box.cfg({ read_only = false })')
}

test('a rewind that undoes nothing leaves the leader where a hook has moved it', async () => {
  const set = await three()
  await set.ask('enter', 1)
  await lead(set, 'replica-2')
  await set.instance('replica-2').call('add_user', 1, 'ann')
  expect((await set.ask('rewind', 2)).lost).toBeUndefined()
  expect(await set.leader()).toBe(set.instance('replica-2'))
  expect((await set.ask('rewind', 1)).lost).toBeUndefined()
  expect(await set.leader()).toBe(set.instance('replica-1'))
  expect(await counts(set)).toEqual([0, 0, 0])
})

// They are many, so that the former leader begins with its undo before they arrive.
const manyRows = `box.begin() for i = 1, 2000 do box.space.users:insert({ i, ('x'):rep(10000) }) end box.commit()`

test.each(['rewind', 'enter'] as const)('%s undoes rows that have not reached the former leader yet', async way => {
  const set = await three()
  await set.ask('enter', 1)
  await lead(set, 'replica-2')
  await set.instance('replica-2').eval(manyRows)
  expect((await set.ask(way, 1)).lost).toBeUndefined()
  expect(await set.leader()).toBe(set.instance('replica-1'))
  expect(await counts(set)).toEqual([0, 0, 0])
})

test('the values of sequences are put back although the leader has ended', async () => {
  const set = await fromTemplate()
  await (await set.leader()).eval('box.sequence.numbering:next() box.sequence.numbering:next()')
  await set.waitForVclock()
  await set.instance('replica-1').kill({ cleanup: false })
  expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  expect(await (await set.leader()).eval('return box.sequence.numbering:next()')).toEqual([1])
})

test('the application of a new process begins with data that are complete', async () => {
  const set = await fromTemplate({
    appLua: `${appLua}
      box.schema.space.create('many', { if_not_exists = true }):create_index('id', { if_not_exists = true })
      require('fiber').sleep(0)
      assert(box.space.many.index.id)`,
  })
  for (let round = 1; round <= 3; round++) {
    const leader = await set.leader()
    await leader.eval('box.space.many:drop() for i = 1, 2000 do box.space.users:insert({ i }) end')
    await set.waitForVclock()
    await set.instance('replica-3').kill({ cleanup: false })
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  }
})

test('a read-only member undoes a temporary space of its own without a write', async () => {
  const set = await three()
  const replica = set.instance('replica-3')
  const ownChanges = async (): Promise<unknown> => (await replica.eval('return tonumber(box.info.lsn)'))[0]
  await replica.command("pcall(box.schema.space.create, 'passing', { type = 'temporary' })")
  await replica.command("pcall(box.schema.space.create, 'kept', { type = 'data-temporary' })")
  await (await set.leader()).call('add_user', 1, 'ann')
  expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  expect([await ownChanges(), await counts(set)]).toEqual([0, [0, 0, 0]])
})

test('a member whose empty start has failed is replaced', async () => {
  const set = await fromTemplate({ links: true })
  await set.partition(['replica-2'], ['replica-1', 'replica-3'])
  await expect(set.instance('replica-2').restart({ recreate: true })).rejects.toThrow()
  await set.heal()
  expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  expect(await counts(set)).toEqual([0, 0, 0])
})

describe('a replica set that elects its leader', () => {
  beforeEach(context => skipWithout('elections', context))

  test('is reset while its members elect another one', async () => {
    const set = await fromTemplate({ failover: 'election', timeout: 20_000 })
    const former = await set.leader()
    await former.call('add_user', 1, 'ann')
    await set.waitForVclock(former)
    await former.kill({ cleanup: false })
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await set.leader()).toBe(former)
    expect(await counts(set)).toEqual([0, 0, 0])
  })
})
