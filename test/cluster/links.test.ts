import { describe, expect, test } from 'vitest'
import type { Link, TarantoolReplicaSet } from '../../src/index.ts'
import { Client } from '../link/client.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach } from '../support/members.ts'

useOwnCache()

const eventually = { timeout: 10_000, interval: 10 }

/** Members that all write, so changes go in both directions. */
async function writers(replicas = 2): Promise<TarantoolReplicaSet> {
  const set = await newReplicaSet({ replicas, name: 'm', appLua: appOfMembers, links: true }).start()
  await onEach(set, 'box.cfg({ read_only = false })')
  return set
}

const directions = [
  ['m-1', 'm-2'],
  ['m-2', 'm-1'],
] as const

/** The status of the replication from the other member of a set of two. */
const upstream = async (set: TarantoolReplicaSet, name: string): Promise<unknown> => {
  const lua =
    'for _, other in pairs(box.info.replication) do if other.upstream then return other.upstream.status end end'
  return (await set.instance(name).eval(lua))[0]
}

const ids = async (set: TarantoolReplicaSet, name: string): Promise<unknown> => {
  const lua = 'local ids = {} for _, row in box.space.users:pairs() do table.insert(ids, row[1]) end return ids'
  return (await set.instance(name).eval(lua))[0]
}

const add = async (set: TarantoolReplicaSet, name: string, id: number, text = 'ann'): Promise<unknown> =>
  await set.instance(name).call('add_user', id, text)

describe('a link from a member to another', () => {
  test.each<[string, (link: Link) => Promise<void>]>([
    ['cut', link => link.cut()],
    ['hang', link => link.hang()],
    ['delay', link => link.delay(3_600_000)],
    ['limit', link => link.limit(1)],
  ])('holds up the changes that the first one gets, and no others: %s', async (_, make) => {
    const set = await writers()
    let id = 0
    for (const [from, to] of directions) {
      const before = await ids(set, from)
      await make(set.link(from, to))
      await expect.poll(() => upstream(set, from), eventually).not.toBe('follow')
      const [late, early] = [++id, ++id]
      await add(set, to, late)
      await add(set, from, early)
      await set.waitForVclock(from)
      expect(await upstream(set, to)).toBe('follow')
      expect(await ids(set, from)).toEqual([...(before as number[]), early])
      await set.link(from, to).heal()
      await set.waitForVclock(to)
      expect(await ids(set, from)).toEqual([...(before as number[]), late, early])
    }
    await set.waitForFullMesh()
  })

  test('that is limited passes small changes on, and a big one when it is healed', async () => {
    const set = await writers()
    for (const [index, [from, to]] of directions.entries()) {
      const [small, big, other] = [1, 2, 3].map(id => 3 * index + id) as [number, number, number]
      const before = (await ids(set, from)) as number[]
      await set.link(from, to).limit(20_000)
      await add(set, to, small)
      await set.waitForVclock(to)
      await add(set, to, big, 'x'.repeat(1_000_000))
      // A member that waits for the rest of a row hears no heartbeat.
      await expect.poll(() => upstream(set, from), eventually).not.toBe('follow')
      await add(set, from, other)
      await set.waitForVclock(from)
      expect(await ids(set, from)).toEqual([...before, small, other])
      await set.link(from, to).heal()
      await set.waitForVclock(to)
      expect(await ids(set, from)).toEqual([...before, small, big, other])
    }
    await set.waitForFullMesh()
  })

  test('that is reset ends the connection, and the replication comes back by itself', async () => {
    const set = await writers()
    for (const [index, [from, to]] of directions.entries()) {
      for (let round = 0; round < 3; round++) {
        const [since, sinceOfOther] = [set.instance(from).log.offset, set.instance(to).log.offset]
        await set.link(from, to).reset()
        await set.instance(from).waitForLog('will retry every', { since })
        await add(set, to, 10 * index + round)
        await set.waitForVclock(to)
        await set.waitForFullMesh()
        expect(await set.instance(to).grepLog('will retry every', { since: sinceOfOther })).toEqual([])
      }
    }
    for (const { name } of set.instances) expect(await ids(set, name)).toEqual([0, 1, 2, 10, 11, 12])
  })
})

test('a partition keeps the changes of each group from the other one', async () => {
  const set = await writers(3)
  await set.partition(['m-1'], ['m-2', 'm-3'])
  const streams = `local streams = {}
for _, other in pairs(box.info.replication) do if other.upstream then table.insert(streams, other.upstream.status) end end
table.sort(streams)
return table.concat(streams, ', ')`
  const parted = ['disconnected, disconnected', 'disconnected, follow', 'disconnected, follow']
  await expect.poll(() => onEach(set, streams), eventually).toEqual(parted)
  await add(set, 'm-1', 1)
  await add(set, 'm-2', 2)
  await expect.poll(() => ids(set, 'm-3'), eventually).toEqual([2])
  expect([await ids(set, 'm-1'), await ids(set, 'm-2')]).toEqual([[1], [2]])
  await set.heal()
  for (const { name } of set.instances) await expect.poll(() => ids(set, name), eventually).toEqual([1, 2])
  await set.waitForFullMesh()
})

test('the link before the address of a member has each fault, and concerns neither other members nor other clients', async () => {
  const set = await writers()
  const [{ port }, { link }] = [set.instance('m-2'), set.instance('m-2')]
  const other = await (await Client.connect(set.instance('m-1').port)).greeted()
  const open = async (): Promise<Client> => await (await Client.connect(port)).greeted()
  const client = await open()
  await link.cut()
  expect(await client.ended).toBe('closed')
  await expect(Client.connect(port)).rejects.toThrow('ECONNREFUSED')
  await link.hang()
  const waiting = await Client.connect(port)
  await link.delay(3_600_000)
  const delayed = await Client.connect(port)
  await add(set, 'm-1', 1)
  await add(set, 'm-2', 2)
  await set.waitForVclock('m-1')
  await set.waitForVclock('m-2')
  await other.ask('hello')
  expect([waiting.bytes, delayed.bytes]).toEqual([0, 0])
  await set.heal()
  for (const late of [waiting, delayed]) await late.ask('healed')
  await link.limit(20)
  const limited = await Client.connect(port)
  await limited.receive(1)
  expect(limited.bytes).toBeLessThan(128)
  await link.heal()
  await limited.ask('healed')
  await link.reset()
  for (const ended of [waiting, delayed, limited]) expect(await ended.ended).toBe('ECONNRESET')
  await (await open()).ask('again')
  await other.ask('and hello')
  expect([await upstream(set, 'm-1'), await upstream(set, 'm-2')]).toEqual(['follow', 'follow'])
})
