import { beforeAll, describe, expect, test } from 'vitest'
import { TarantoolInstance, type TarantoolReplicaSet } from '../../src/index.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, useOwnCache } from '../support/instances.ts'

useOwnCache()

interface Refusal {
  readonly request: string
  readonly make: (set: TarantoolReplicaSet) => unknown
  readonly code?: string
  readonly summary: string | RegExp
  readonly hint?: string
}

const stranger = new TarantoolInstance()
const instances = 'Instances: m-1, m-2, m-3.'
const unknown = 'ERR_TARANTOOL_UNKNOWN_SERVER'
const members = 'Members: m-1, m-2, m-3.'

const refusals: readonly Refusal[] = [
  {
    ...{ request: "instance('m-9')", make: set => set.instance('m-9'), code: unknown, hint: instances },
    summary: "no instance of the cluster is named 'm-9'",
  },
  {
    ...{ request: 'instance(5)', make: set => set.instance(5 as never), hint: instances },
    summary: 'instance(name) takes the name of an instance, not 5',
  },
  {
    ...{ request: 'leader(5)', make: set => set.leader(5 as never), hint: 'Replica sets: m.' },
    summary: 'leader(replicaset) takes the name of a replica set, not 5',
  },
  {
    ...{ request: "waitForLeader({ not: 'x' })", make: set => set.waitForLeader({ not: 'x' }), code: unknown },
    ...{ summary: "no instance of the cluster is named 'x'", hint: instances },
  },
  ...[stranger, 5, null, undefined, Promise.resolve('m-1')].flatMap((given): Refusal[] => {
    const isPromise = given instanceof Promise
    const name = given === stranger ? stranger.fingerprint : isPromise ? 'a promise' : String(given)
    const hint = isPromise ? `Await the promise. ${instances}` : instances
    const refusal = (call: string): Pick<Refusal, 'code' | 'summary' | 'hint'> =>
      given === stranger
        ? { code: unknown, summary: `${name} is not an instance of the cluster`, hint }
        : { summary: `${call} takes an instance of the cluster, or its name, not ${name}`, hint }
    const optional: Refusal[] = [
      {
        ...refusal('waitForLeader({ not })'),
        request: `waitForLeader({ not: ${name} })`,
        make: set => set.waitForLeader({ not: given as never }),
      },
      {
        ...refusal('waitForVclock(of)'),
        request: `waitForVclock(${name})`,
        make: set => set.waitForVclock(given as never),
      },
    ]
    return [
      ...(given === undefined ? [] : optional),
      { ...refusal('remove(member)'), request: `remove(${name})`, make: set => set.remove(given as never) },
    ]
  }),
  {
    ...{ request: "waitForLeader('m-1')", make: set => set.waitForLeader('m-1' as never) },
    summary: 'waitForLeader(): the options must be an object, not "m-1"',
  },
  {
    ...{ request: 'waitForLeader({ no })', make: set => set.waitForLeader({ no: 'm-1' } as never) },
    ...{ code: 'ERR_TARANTOOL_UNKNOWN_OPTION', summary: "waitForLeader(): unknown option 'no'" },
  },
  ...[Number.NaN, '50', -1, null].flatMap((timeout): Refusal[] => {
    const summary = /^waitFor\w+\(\): option 'timeout' must be .*, not ("50"|-1|NaN|null)$/
    return [
      {
        request: `waitForLeader({ timeout: ${timeout} })`,
        make: set => set.waitForLeader({ timeout: timeout as never }),
        summary,
      },
      {
        request: `waitForFullMesh({ timeout: ${timeout} })`,
        make: set => set.waitForFullMesh({ timeout: timeout as never }),
        summary,
      },
      {
        request: `waitForVclock({ timeout: ${timeout} })`,
        make: set => set.waitForVclock('m-1', { timeout: timeout as never }),
        summary,
      },
    ]
  }),
  {
    ...{ request: "addReplica({ name: 'm-2' })", make: set => set.addReplica({ name: 'm-2' }), hint: members },
    summary: "addReplica: the replica set has a member 'm-2' already",
  },
  ...['m-4', null, []].map(
    (given): Refusal => ({
      ...{ request: `addReplica(${JSON.stringify(given)})`, make: set => set.addReplica(given as never) },
      summary: /^addReplica\(\): the options must be an object, not ("m-4"|null|an array)$/,
    }),
  ),
  {
    ...{ request: 'addReplica() with a long name', make: set => set.addReplica({ name: 'm'.repeat(64) }) },
    ...{
      summary: `a member cannot be named '${'m'.repeat(64)}': the name has 64 characters`,
      hint: 'A name has at most 63 characters, as in Tarantool.',
    },
  },
  ...['', 'a/b', 5].map(
    (name): Refusal => ({
      ...{ request: `addReplica({ name: ${name} })`, make: set => set.addReplica({ name: name as never }) },
      ...{
        summary: `a member cannot be named '${name}'`,
        hint: 'A name consists of letters, digits, - and _, and begins with a letter.',
      },
    }),
  ),
  {
    ...{ request: 'addReplica({ port })', make: set => set.addReplica({ name: 'new', port: 3301 } as never) },
    ...{ code: 'ERR_TARANTOOL_UNKNOWN_OPTION', summary: "member 'new': unknown option 'port'" },
    hint: 'Several members cannot have one port. Each has a free port of its own.',
  },
  {
    ...{ request: 'addReplica({ timeout })', make: set => set.addReplica({ name: 'new', timeout: 1 } as never) },
    ...{ code: 'ERR_TARANTOOL_UNKNOWN_OPTION', summary: "member 'new': unknown option 'timeout'" },
    hint: 'It holds for all members: give it to the replica set.',
  },
  {
    ...{ request: 'addReplica({ nmae })', make: set => set.addReplica({ nmae: 'new' } as never) },
    ...{
      code: 'ERR_TARANTOOL_UNKNOWN_OPTION',
      hint: "Did you mean 'name'?",
      summary: /^member '.*': unknown option 'nmae'$/,
    },
  },
  {
    ...{
      request: 'addReplica({ memtxMemory })',
      make: set => set.addReplica({ name: 'new', memtxMemory: '1' as never }),
    },
    summary: `member 'new': option 'memtxMemory' must be a number, not "1"`,
  },
  {
    ...{ request: 'addReplica({ appLua })', make: set => set.addReplica({ name: 'new', appLua: "error('boom')" }) },
    ...{ code: 'ERR_TARANTOOL_INIT_SCRIPT', summary: /^appLua:1: boom \(Tarantool new\[.*\] did not start\)$/ },
  },
  {
    ...{ request: "remove('m-1')", make: set => set.remove('m-1') },
    ...{
      summary: "remove: 'm-1' is the leader of the replica set",
      hint: 'Make another member writable first: box.cfg{ read_only = false }.',
    },
  },
  {
    ...{ request: "remove('m-9')", make: set => set.remove('m-9'), code: unknown, hint: instances },
    summary: "no instance of the cluster is named 'm-9'",
  },
]

const errorOf = async (make: () => unknown): Promise<unknown> => {
  try {
    return await make()
  } catch (error) {
    return error
  }
}

describe('a request that cannot be met', () => {
  let set: TarantoolReplicaSet
  let directories: string[]

  // The set outlives a single test, which newReplicaSet() does not allow.
  beforeAll(async () => {
    const { TarantoolReplicaSet } = await import('../../src/index.ts')
    set = await new TarantoolReplicaSet({ replicas: 3, name: 'm', appLua: appOfMembers, quiet: true }).start()
    directories = contentOf(set.directory)
    return async () => await set.kill()
  })

  test.each(refusals)('$request', async ({ make, code = 'ERR_TARANTOOL_INVALID_OPTION', summary, hint }) => {
    expect(await errorOf(() => make(set))).toMatchObject({
      ...{ code, summary: typeof summary === 'string' ? summary : expect.stringMatching(summary) },
      ...(hint !== undefined && { hint }),
    })
    expect(set.instances.map(({ name }) => name)).toEqual(['m-1', 'm-2', 'm-3'])
    expect(contentOf(set.directory)).toEqual(directories)
    await set.waitForFullMesh()
  })
})

describe('a replica set without a leader', () => {
  const newSet = async (options = {}): Promise<TarantoolReplicaSet> =>
    await newReplicaSet({ replicas: 3, name: 'm', appLua: appOfMembers, ...options }).start()

  test('says which members do not run, and gives no advice for elections that it does not have', async () => {
    const set = await newSet()
    for (const name of ['m-1', 'm-3']) await set.instance(name).kill({ cleanup: false })
    await expect(set.waitForLeader({ timeout: 50 })).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_REPLICATION',
      summary: "replica set 'm' has no leader after 50 ms: 'm-1', 'm-3' do not run",
      hint: 'box.cfg{ read_only = false } makes a running member writable. start() starts a member again.',
    })
    await expect(set.waitForFullMesh({ timeout: 1 })).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_REPLICATION',
      summary: expect.stringMatching(/^replica set 'm' has no full mesh within 1 ms: 'm-1', 'm-3' do not run$/),
      hint: expect.stringContaining('onlyRunning: true'),
    })
  })

  test('neither adds nor removes members, and stays as it is', async () => {
    const set = await newSet({ replicas: 2 })
    await set.instance('m-1').kill({ cleanup: false })
    const refusal = {
      code: 'ERR_TARANTOOL_REPLICATION',
      summary: "replica set 'm' has no leader: 'm-2' is read-only, and 'm-1' does not run",
    }
    for (const request of [set.addReplica(), set.remove('m-1'), set.remove('m-2')]) {
      await expect(request).rejects.toMatchObject(refusal)
    }
    expect(set.instances.map(({ name }) => name)).toEqual(['m-1', 'm-2'])
    await set.instance('m-2').command('box.cfg{ read_only = false }')
    await set.remove('m-1')
    await expect(set.remove('m-2')).rejects.toThrow(/'m-2' is the last member.*\n.*stop\(\) ends the set/)
  })

  test('in an election, says how many members it needs', async context => {
    skipWithout('elections', context)
    const set = await newSet({ failover: 'election' })
    for (const name of ['m-1', 'm-2']) await set.instance(name).kill({ cleanup: false })
    await expect(set.waitForLeader({ timeout: 50 })).rejects.toMatchObject({
      summary:
        "replica set 'm' has no leader after 50 ms: 'm-1', 'm-2' do not run, and an election needs 2 of 3 members",
    })
  })
})

test('a member that was removed neither starts nor counts', async () => {
  const set = await newReplicaSet({ replicas: 3, name: 'm', appLua: appOfMembers }).start()
  const removed = set.instance('m-3')
  await set.remove(removed)
  await expect(removed.start()).rejects.toMatchObject({
    ...{ code: unknown, summary: "'m-3' is no longer a member of the replica set" },
    hint: "addReplica({ name: 'm-3' }) adds a new one.",
  })
  await expect(set.waitForVclock(removed)).rejects.toThrow('is not an instance of the cluster')
  await expect(set.remove(removed)).rejects.toThrow('is not an instance of the cluster')
  await set.waitForFullMesh()
})
