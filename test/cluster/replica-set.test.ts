import { describe, expect, test } from 'vitest'
import { elect } from '../../src/cluster/leaders.ts'
import type { ReplicaSetOptions, TarantoolReplicaSet } from '../../src/index.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'
import { has, skipWithout } from '../support/features.ts'
import { contentOf, isAlive, useOwnCache, writeFiles } from '../support/instances.ts'

useOwnCache()

const three = (options: Partial<ReplicaSetOptions> = {}): TarantoolReplicaSet =>
  newReplicaSet({ replicas: 3, appLua: appOfMembers, ...options })

const namesOf = (set: TarantoolReplicaSet): string[] => set.instances.map(({ name }) => name)

async function onEach(set: TarantoolReplicaSet, lua: string): Promise<unknown[]> {
  return await Promise.all(set.instances.map(async instance => (await instance.eval(lua))[0]))
}

describe('a replica set', () => {
  test('has one writable member, and its writes reach the others', async () => {
    const set = await three().start()
    expect(namesOf(set)).toEqual(['replica-1', 'replica-2', 'replica-3'])
    expect(set.replicasets).toEqual({ replica: namesOf(set) })
    expect(await onEach(set, 'return box.info.ro')).toEqual([false, true, true])
    const leader = await set.leader()
    expect(leader).toBe(set.instance('replica-1'))
    expect(leader.fingerprint).toMatch(/^Tarantool replica-1\[127\.0\.0\.1:\d+\]$/)
    await leader.call('add_user', 1, 'ann')
    await set.waitForVclock(leader)
    expect(await onEach(set, 'return count_users()')).toEqual([1, 1, 1])
    await set.waitForFullMesh()
    const pids = set.instances.map(({ pid }) => pid ?? 0)
    await set.stop()
    expect(pids.filter(isAlive)).toEqual([])
    expect(contentOf(set.directory)).toEqual([])
    for (const wait of [() => set.waitForLeader(), () => set.waitForFullMesh()]) {
      await expect(wait()).rejects.toMatchObject({
        code: 'ERR_TARANTOOL_NOT_RUNNING',
        summary: expect.stringMatching(/^the replica set .* does not run: it is stopped$/),
      })
    }
  })

  test('that did not start fails its waits at once', async () => {
    const set = newReplicaSet({ replicas: 2, appLua: "error('no application')" })
    await expect(set.start()).rejects.toThrow('no application')
    for (const wait of [() => set.waitForLeader(), () => set.waitForFullMesh()]) {
      await expect(wait()).rejects.toMatchObject({
        code: 'ERR_TARANTOOL_NOT_RUNNING',
        summary: expect.stringMatching(/^the replica set .* does not run: it is failed$/),
      })
    }
  })

  test('starts from a template of all members: the seed ran once, on the leader', async () => {
    const seedLua = "box.space.users:insert({ 1, box.cfg.read_only and 'replica' or 'leader' })"
    const options = { leader: 'db-2', name: 'db', seedLua, seed: { users: [[2, 'bob']] } }
    let uuids: unknown
    for (const round of ['makes it', 'tries it', 'uses it']) {
      const lines: string[] = []
      const set = await three({ ...options, logger: line => lines.push(line) }).start()
      expect(await onEach(set, 'return box.space.users:select()'), round).toEqual(
        Array(3).fill([
          [1, 'leader'],
          [2, 'bob'],
        ]),
      )
      expect(await onEach(set, 'return box.info.ro')).toEqual([true, false, true])
      uuids ??= await onEach(set, 'return { box.info.uuid, box.info.id }')
      expect(await onEach(set, 'return { box.info.uuid, box.info.id }')).toEqual(uuids)
      expect(lines.some(line => line.includes('initializing an empty data'))).toBe(round === 'makes it')
      await set.stop()
    }
  })

  test('a killed leader leaves none; another member becomes writable, and the former leader comes back', async () => {
    const set = await three().start()
    const former = await set.leader()
    await former.call('add_user', 1, 'ann')
    await set.waitForVclock()
    await former.kill({ cleanup: false })
    await expect(set.waitForLeader({ timeout: 50 })).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_REPLICATION',
      summary: "replica set 'replica' has no leader after 50 ms: 'replica-1' does not run",
    })
    const other = set.instance('replica-3')
    await other.command('box.cfg({ read_only = false })')
    expect(await set.waitForLeader({ not: 'replica-1' })).toBe(other)
    await other.call('add_user', 2, 'bob')
    await former.start({ recreate: false })
    await set.waitForFullMesh()
    await set.waitForVclock('replica-3')
    expect(await onEach(set, 'return count_users()')).toEqual([2, 2, 2])
  })

  test('a member starts alone with its data, and says who is missing', async () => {
    const set = await three({ replicas: 2 }).start()
    await Promise.all(set.instances.map(instance => instance.stop({ cleanup: false })))
    await set.instance('replica-1').start({ recreate: false })
    expect(await set.leader()).toBe(set.instance('replica-1'))
    await expect(set.waitForFullMesh({ timeout: 1 })).rejects.toThrow("'replica-2' does not run")
    await set.waitForFullMesh({ onlyRunning: true })
  })

  test('grows and shrinks, and an empty start begins as the options say', async () => {
    const set = await three({ replicas: 2, boxCfg: { too_long_threshold: 3 } }).start()
    await (await set.leader()).call('add_user', 1, 'ann')
    const third = await set.addReplica({ boxCfg: { too_long_threshold: 4 } })
    expect(namesOf(set)).toEqual(['replica-1', 'replica-2', 'replica-3'])
    expect(await third.eval('return count_users(), box.info.ro, box.cfg.too_long_threshold')).toEqual([1, true, 4])
    await expect(set.addReplica({ name: 'replica-2' })).rejects.toThrow("has a member 'replica-2' already")
    await expect(set.remove('replica-1')).rejects.toThrow("'replica-1' is the leader of the replica set")
    await expect(set.remove('replica-9')).rejects.toThrow("no instance of the cluster is named 'replica-9'")
    await set.remove(set.instance('replica-2'))
    expect(namesOf(set)).toEqual(['replica-1', 'replica-3'])
    await set.waitForFullMesh()
    expect(await third.eval('return box.space._cluster:count(), #box.cfg.replication')).toEqual([2, 2])
    const { port } = set.instance('replica-1')
    await set.restart({ recreate: true })
    expect(namesOf(set)).toEqual(['replica-1', 'replica-2'])
    expect(set.instance('replica-1').port).toBe(port)
    expect(await onEach(set, 'return count_users()')).toEqual([0, 0])
  })

  test('has an account, and members with options of their own', async () => {
    const credentials = { user: 'ann', password: 'secret' }
    const boxCfg = { too_long_threshold: 3 }
    const members = { 'replica-2': { boxCfg: { too_long_threshold: 4 }, env: { PLACE: 'second' } } }
    const set = await three({ replicas: 2, credentials, boxCfg, members }).start()
    const asked = "return { box.session.user(), box.cfg.too_long_threshold, os.getenv('PLACE') }"
    expect(await onEach(set, asked)).toEqual([
      ['ann', 3],
      ['ann', 4, 'second'],
    ])
  })

  test('an application that fails takes the members down, and is named', async () => {
    const file = `${writeFiles({ 'app.lua': 'local settings; return settings.port' })}/app.lua`
    const set = three({ members: { 'replica-2': { appLua: file } } })
    await expect(set.start()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_INIT_SCRIPT',
      line: 1,
      summary: expect.stringMatching(/app\.lua:1: .*'settings'.*\(Tarantool replica-2\[.*\] did not start\)/),
    })
    expect(set.state).toBe('failed')
    expect(contentOf(set.directory)).toEqual([])
  })
})

describe("failover: 'election'", () => {
  test('before Tarantool 2.6.1 is a clear error', async context => {
    context.skip(has('elections'), 'this Tarantool has elections')
    const set = three({ failover: 'election' })
    await expect(set.start()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_UNSUPPORTED_VERSION',
      summary: expect.stringContaining("replica set 'replica': failover: 'election' needs Tarantool 2.6.1 or later"),
    })
    expect(contentOf(set.directory)).toEqual([])
  })

  test('begins with its first member as the leader, and another one can be elected', async context => {
    skipWithout('elections', context)
    const set = await three({
      failover: 'election',
      members: { 'replica-2': { boxCfg: { election_mode: 'voter' } } },
    }).start()
    expect(await set.leader()).toBe(set.instance('replica-1'))
    const third = set.instance('replica-3')
    await elect(third, set.instances, 10_000)
    expect(await set.leader()).toBe(third)
    expect(await onEach(set, 'return box.cfg.election_mode')).toEqual(['candidate', 'voter', 'candidate'])
  })

  test('a killed leader has a successor; without a quorum, the error names the missing members', async context => {
    skipWithout('elections', context)
    const set = await three({ failover: 'election' }).start()
    const former = await set.leader()
    expect(await former.eval('return box.info.election.state, box.info.ro')).toEqual(['leader', false])
    await former.call('add_user', 1, 'ann')
    await set.waitForVclock(former)
    await former.kill({ cleanup: false })
    const next = await set.waitForLeader({ not: former })
    expect(next).not.toBe(former)
    expect(await next.call('count_users')).toEqual([1])
    await next.kill({ cleanup: false })
    await expect(set.waitForLeader({ timeout: 50 })).rejects.toThrow(
      /has no leader after 50 ms: 'replica-\d', 'replica-\d' do not run, and an election needs 2 of 3 members/,
    )
  })
})

test('an application that cannot run on data of the leader is told how to', async () => {
  await expect(newReplicaSet({ replicas: 2, appLua: "box.schema.space.create('s')" }).start()).rejects.toMatchObject({
    code: 'ERR_TARANTOOL_INIT_SCRIPT',
    summary: expect.stringMatching(/^appLua:1: Space 's' already exists \(Tarantool replica-2\[.*\] did not start\)$/),
    hint: expect.stringContaining('if_not_exists = true'),
  })
})

describe('bad input', () => {
  test.each<[string, object, string | RegExp]>([
    ['one replica', { replicas: 1 }, "option 'replicas' must be at least 2"],
    ['no replica', { replicas: 0 }, "option 'replicas' must be at least 2"],
    ['half a replica', { replicas: 2.5 }, "option 'replicas' must be a whole number"],
    ['too many', { replicas: 32 }, "option 'replicas' must be at most 31"],
    ['a leader that is none', { leader: 'replica-4' }, "option 'leader': the replica set has no member 'replica-4'"],
    ['a leader of an election', { leader: 'replica-1', failover: 'election' }, "'leader' cannot be used with failover"],
    ['a member that is none', { members: { first: {} } }, "option 'members': the replica set has no member 'first'"],
    ['an option of a member', { members: { 'replica-1': { seed: {} } } }, "member 'replica-1': unknown option 'seed'"],
    ['a mode of failover', { failover: 'none' }, "option 'failover' must be 'manual' or 'election'"],
    ['a port', { port: 3301 }, "option 'port' cannot be used with 'replicas'"],
    ['a host', { host: 'unix/' }, "option 'host' cannot be used with 'replicas'"],
    ['a container', { docker: {} }, "option 'docker' cannot be used with 'replicas'"],
    ['a source', { replicationSource: 'a:1' }, "option 'replicationSource' cannot be used with 'replicas'"],
    ['no WAL', { walMode: 'none' }, "option 'walMode' cannot be 'none'"],
    ['no WAL of a member', { members: { 'replica-2': { walMode: 'none' } } }, "member 'replica-2': option 'walMode'"],
    ['read_only', { boxCfg: { read_only: true } }, "option 'boxCfg.read_only' cannot be used with 'replicas'"],
    ['an odd password', { credentials: { user: 'a', password: 'a@b' } }, 'consist of letters'],
    ['an odd name', { name: 'a/b' }, "option 'name' cannot be 'a/b'"],
    ['a name that begins with a digit', { name: '1a' }, 'and begins with a letter'],
    ['no name', { name: '' }, /option 'name' must not be empty \[/],
    ['an application', { app: '.' }, "unknown option 'app'"],
  ])('%s', (_, options, message) => {
    expect(() => newReplicaSet({ replicas: 3, ...options } as ReplicaSetOptions)).toThrow(message)
  })
})
