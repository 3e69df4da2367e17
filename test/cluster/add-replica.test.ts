import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ReplicaSetOptions, TarantoolReplicaSet } from '../../src/index.ts'
import { lockPort } from '../../src/instance/place/port-lock.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'
import { has } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { serversBelow } from '../support/processes.ts'

useOwnCache()

const newSet = async (options: Partial<ReplicaSetOptions> = {}): Promise<TarantoolReplicaSet> =>
  await newReplicaSet({ replicas: 2, name: 'm', appLua: appOfMembers, ...options }).start()

const known = `local uuids = {}
for _, member in box.space._cluster:pairs() do table.insert(uuids, member[2]) end
return { uuids = uuids, replication = box.cfg.replication }`

/** All that a member can leave behind. */
const remains = async (set: TarantoolReplicaSet): Promise<unknown> => ({
  names: set.names,
  replicasets: set.replicasets,
  files: readdirSync(set.directory).sort(),
  processes: serversBelow(set.directory).length,
  known: await Promise.all(set.instances.map(async instance => await instance.eval(known))),
})

/** A server of its own on the address of a member that was removed. */
async function occupy(port: number): Promise<() => Promise<void>> {
  const server = createServer().listen(port, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return async () => {
    server.close()
    await once(server, 'close')
  }
}

describe.each([
  { links: false, failover: 'manual' } as const,
  { links: true, failover: 'manual' } as const,
  ...(has('elections') ? [{ links: false, failover: 'election' } as const] : []),
])('a member that cannot be added: %j', options => {
  test.each([
    ['its application raises an error', { appLua: "error('boom')" }],
    ['its box.cfg is refused', { boxCfg: { replication_timeout: -1 } }],
    ['its process ends', { appLua: 'os.exit(3)' }],
  ])('leaves nothing, and its name to the next: %s', async (_, own) => {
    const set = await newSet(options)
    const before = await remains(set)
    for (let round = 0; round < 2; round++) {
      await expect(set.addReplica(own)).rejects.toThrow(/Tarantool m-3\[/)
      await set.waitForVclock(await set.leader())
      expect(await remains(set)).toEqual(before)
    }
    if (options.links) expect(() => set.link('m-1', 'm-3')).toThrow("no link leads from 'm-1' to 'm-3'")
    const added = await set.addReplica()
    expect(added.name).toBe('m-3')
    await (await set.leader()).call('add_user', 1, 'ann')
    await set.waitForVclock(await set.leader())
    expect(await added.call('count_users')).toEqual([1])
    await set.waitForFullMesh()
  })

  test('leaves nothing, and gets its address when that is free: its port is taken', async () => {
    const set = await newSet({ ...options, replicas: 3, timeout: 3000 })
    const { port } = set.instance('m-3')
    await set.remove('m-3')
    const before = await remains(set)
    const free = await occupy(Number(port))
    await expect(set.addReplica({ name: 'm-3' })).rejects.toMatchObject({ code: 'ERR_TARANTOOL_PORT_TAKEN' })
    expect(await remains(set)).toEqual(before)
    await free()
    expect((await set.addReplica({ name: 'm-3' })).port).toBe(port)
    expect((await set.addReplica()).name).toBe('m-4')
    await set.waitForFullMesh()
  })
})

test('after a member could not be added, a reset is in place', async () => {
  const set = await newSet({ recordChanges: true })
  const pids = set.instances.map(({ pid }) => pid)
  await expect(set.addReplica({ appLua: "error('boom')" })).rejects.toThrow('boom')
  await (await set.leader()).call('add_user', 1, 'ann')
  await set.reset()
  expect(set.instances.map(({ pid }) => pid)).toEqual(pids)
  expect(await set.instance('m-2').call('count_users')).toEqual([0])
})

test('the port of a member that could not be added is free for other processes', async () => {
  const set = await newSet()
  const error = await set.addReplica({ appLua: "error('boom')" }).catch((reason: unknown) => reason as Error)
  const port = Number(/ m-3\[127\.0\.0\.1:(\d+)\]/.exec(String(error))?.[1])
  // A lock ends with the last object that has it.
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  await expect
    .poll(() => {
      collectGarbage()
      const release = lockPort(port)
      release?.()
      return release !== undefined
    })
    .toBe(true)
  expect(lockPort(Number(set.instance('m-2').port))).toBeUndefined()
})

test('members that are added at the same time have different names', async () => {
  const set = await newSet()
  const asked = await Promise.allSettled([
    set.addReplica(),
    set.addReplica({ appLua: "error('boom')" }),
    set.addReplica({ name: 'm-5' }),
    set.addReplica(),
  ])
  expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect([...set.names].sort()).toEqual(['m-1', 'm-2', 'm-3', 'm-4', 'm-5'])
  await set.remove('m-4')
  expect((await set.addReplica()).name).toBe('m-6')
  await set.waitForFullMesh()
})

test('a paused member cannot learn of a change, so nothing changes', async () => {
  const set = await newReplicaSet({ replicas: 3, name: 'm', appLua: appOfMembers }).start()
  await set.instance('m-2').pause()
  const refusal = { name: 'ReplicationError', hint: "Resume 'm-2' first." }
  await expect(set.addReplica()).rejects.toMatchObject(refusal)
  await expect(set.remove('m-3')).rejects.toMatchObject(refusal)
  await set.instance('m-2').resume()
  expect(set.names).toEqual(['m-1', 'm-2', 'm-3'])
  expect((await set.addReplica()).name).toBe('m-4')
})

test('a member is added while another one hears of it late', async () => {
  const set = await newSet({ links: true, timeout: 15_000 })
  // The rows of the leader, so also the one that adds the member.
  await set.link('m-2', 'm-1').delay(300)
  const added = await set.addReplica()
  await set.link('m-2', 'm-1').heal()
  await set.waitForFullMesh()
  expect(await added.eval('return box.info.status')).toEqual(['running'])
})

test('a member that ends while another one is added holds the call up for no timeout', async () => {
  const set = await newSet({ timeout: 100_000 })
  const added = set.addReplica()
  added.catch(() => {})
  await expect.poll(() => set.instances[2]?.state, { interval: 1 }).toBe('starting')
  set.instance('m-2').process?.sendSignal('SIGKILL')
  await expect(added).rejects.toThrow(/^Tarantool m-2\[.*\] has ended while Tarantool m-3\[.*\] started/)
  expect(set.names).toEqual(['m-1', 'm-2'])
  expect(serversBelow(set.directory)).toHaveLength(1)
})
