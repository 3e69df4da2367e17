import { describe, expect, test } from 'vitest'
import type { LeasedServerInfo } from '../../src/broker/leased-info.ts'
import { Pool } from '../../src/broker/pool.ts'
import { resolveFixture, resolveOwnServer } from '../../src/config/fixture-config.ts'
import type { Isolation } from '../../src/config/isolation.ts'
import { describeDifference } from '../../src/isolation/digest.ts'
import { appOfMembers, oneInstance } from '../support/clusters.ts'
import { has, skipWithout } from '../support/features.ts'
import { temporaryDirectory, useOwnCache } from '../support/instances.ts'
import { evaluate, evaluateAt, lease } from '../support/leased.ts'
import { resolvedServer } from '../support/resolved.ts'

useOwnCache()

const three = { replicas: 3, appLua: appOfMembers }
const two = { replicas: 2, appLua: appOfMembers }

describe('a leased replica set', () => {
  test('is the member that begins as its leader, and has the others', async () => {
    const { server } = await lease({ ...three, leader: 'default-2' })
    const { name, records, cluster } = server.info()
    expect([name, records]).toEqual(['default', true])
    expect(cluster).toMatchObject({ connect: 'default-2', leader: 'default-2' })
    expect(cluster?.instances).toEqual(['default-1', 'default-2', 'default-3'])
    expect(cluster?.replicasets).toEqual({ default: cluster?.instances })
    expect(cluster?.members.map(member => [member.name, member.memberOf])).toEqual([
      ['default-1', 'default'],
      ['default-3', 'default'],
    ])
    expect(await evaluate(server, 'return box.info.ro')).toEqual([false])
  })

  test('has changed after a write or a stop, and is replaced on its addresses', async () => {
    const { server } = await lease({ ...two, seed: { users: [[1, 'ann']] } })
    const changed = async () => (await server.cluster.ask('dirty', 0)).dirty
    expect(await changed()).toBe(false)
    expect(await evaluate(server, 'return box.info.ro, count_users()')).toEqual([false, 1])
    expect(await changed()).toBe(false)
    await evaluate(server, "add_user(2, 'bob')")
    expect(await changed()).toBe(true)
    const before = server.info()
    const after = await server.renew()
    expect([after.uri, after.pid === before.pid, await changed()]).toEqual([before.uri, false, false])
    expect(await evaluate(server, 'return count_users()')).toEqual([1])
    await server.cluster.member('default-2').stop()
    expect(await changed()).toBe(true)
    expect((await server.ensure()).cluster?.members.map(({ pid }) => pid === 0)).toEqual([false])
    await server.cluster.waitForFullMesh({})
  })

  test('is asked for its leader, and for what its members have', async () => {
    const { server } = await lease(two)
    const { cluster } = server
    expect(await cluster.leader()).toBe('default-1')
    await evaluate(server, "add_user(1, 'ann')")
    await cluster.waitForVclock('default-1', {})
    await cluster.member('default-1').signal('SIGKILL')
    await expect(cluster.waitForLeader({ timeout: 50 })).rejects.toThrow(
      "replica set 'default' has no leader after 50 ms: 'default-1' does not run",
    )
    await expect(cluster.leader()).rejects.toThrow("'default-2' is read-only, and 'default-1' does not run")
    await cluster.member('default-1').start(false)
    expect(await cluster.waitForLeader({})).toBe('default-1')
  })

  test('grows and shrinks, and a renewal begins as the config says', async () => {
    const { server } = await lease(two)
    const added = await server.cluster.addReplica({})
    const { cluster } = server.info()
    expect([added, cluster?.instances]).toEqual(['default-3', ['default-1', 'default-2', 'default-3']])
    await server.cluster.waitForFullMesh({})
    await server.cluster.remove('default-2')
    expect(server.info().cluster?.instances).toEqual(['default-1', 'default-3'])
    expect((await server.cluster.ask('dirty', 0)).dirty).toBe(true)
    expect((await server.renew()).cluster?.instances).toEqual(['default-1', 'default-2'])
  })

  test('has its members and processes again for the next lease', async () => {
    const { server } = await lease(three)
    // The first set makes the template.
    await server.renew()
    const pids = (): unknown[] => {
      const { pid, cluster } = server.info()
      return [pid, ...(cluster?.members ?? []).map(member => member.pid)]
    }
    const before = pids()
    await server.cluster.addReplica({})
    await server.cluster.remove('default-3')
    server.leaseEnded()
    const { cluster } = await server.ensure()
    expect(cluster?.instances).toEqual(['default-1', 'default-2', 'default-3'])
    expect(pids().map((pid, index) => pid === before[index])).toEqual([true, true, false])
  })

  test.each<['SIGKILL' | 'SIGSTOP']>([['SIGKILL'], ['SIGSTOP']])(
    'has the members and data of its lease when it is brought up after a %s',
    async signal => {
      const { server } = await lease(two)
      await evaluate(server, "add_user(1, 'ann')")
      await server.cluster.addReplica({})
      await server.cluster.waitForVclock('default-1', {})
      await server.cluster.member('default-1').signal(signal)
      const { address, cluster } = await server.ensure()
      expect(cluster?.instances).toEqual(['default-1', 'default-2', 'default-3'])
      expect(await evaluateAt(address, 'return count_users()')).toEqual([1])
    },
  )

  test('elects its leader, and another one after its death', async context => {
    skipWithout('elections', context)
    const { server } = await lease({ ...three, failover: 'election' })
    const { uri, cluster } = server.info()
    expect(cluster?.leader).toBe('default-1')
    expect(await server.cluster.leader()).toBe('default-1')
    await server.cluster.member('default-1').signal('SIGKILL')
    const next = await server.cluster.waitForLeader({ not: 'default-1' })
    expect([next === 'default-1', server.info().cluster?.leader]).toEqual([false, next])
    // The address belongs to the lease, so a test that only reads it finds the leader there again.
    const after = await server.renew()
    expect([after.cluster?.leader, after.uri]).toEqual(['default-1', uri])
    expect(await evaluate(server, 'return box.info.ro')).toEqual([false])
    const modes = after.cluster?.members.map(
      async ({ address }) => await evaluateAt(address, 'return box.cfg.election_mode'),
    )
    expect(await Promise.all(modes ?? [])).toEqual([['candidate'], ['candidate']])
  })

  test('has no config to change', async () => {
    const { server } = await lease(two)
    const message = "server 'default' is a replica set without a config"
    await expect(server.cluster.set({ 'log.level': 7 })).rejects.toThrow(`set: ${message}`)
    await expect(server.cluster.reload()).rejects.toThrow(`reload: ${message}`)
  })
})

describe('isolation of a leased replica set', () => {
  const pidsOf = ({ pid, cluster }: LeasedServerInfo): number[] => [
    pid,
    ...(cluster?.members ?? []).map(one => one.pid),
  ]

  test.each<[Isolation, boolean]>([
    ['process', true],
    ['restart', true],
    // The worker of the next lease undoes changes, or lets them stay.
    ['reset', false],
    ['none', false],
  ])("with '%s', the next lease finds other processes: %s", async (isolation, isReplaced) => {
    const root = temporaryDirectory()
    const pool = new Pool({ name: 'default', server: resolvedServer({ ...two, root, isolation }), root })
    const { server, release } = await pool.lease(1)
    const before = server.info()
    await server.cluster.member('default-2').restart(false)
    await evaluate(server, "add_user(1, 'ann')")
    release()
    const next = await pool.lease(1)
    const after = next.server.info()
    expect(after.uri).toBe(before.uri)
    expect(after.leasedBefore).toBe(!isReplaced)
    expect(after.pid === before.pid).toBe(!isReplaced)
    expect(await evaluate(next.server, 'return count_users()')).toEqual([isReplaced ? 0 : 1])
    // Nothing has changed, so nothing is replaced.
    next.release()
    const last = await pool.lease(1)
    if (isReplaced) expect(pidsOf(last.server.info())).toEqual(pidsOf(after))
    expect(await pool.close()).toEqual([])
  })

  test('a digest names what differs on one member only', async () => {
    const { server } = await lease(two)
    const digest = async (): Promise<string> => (await server.cluster.ask('digest', 0)).digest ?? ''
    const before = await digest()
    const [follower] = server.info().cluster?.members ?? []
    if (follower) await evaluateAt(follower.address, 'left = 1 box.cfg({ too_long_threshold = 7 })')
    const difference = describeDifference(before, await digest())
    expect(difference).toBe("box.cfg.too_long_threshold of 'default-2', global left of 'default-2'")
    expect((await server.cluster.ask('rewind', 0)).lost).toBeUndefined()
    expect(await digest()).toBe(before)
  })
})

test('the instances of a config are neither added nor removed', async context => {
  skipWithout('a config file', context)
  const { server } = await lease({ app: oneInstance() })
  const message = "the instances of server 'default' are those of its config"
  await expect(server.cluster.addReplica({})).rejects.toThrow(`addReplica: ${message}`)
  await expect(server.cluster.remove('only-001')).rejects.toThrow(`remove: ${message}`)
})

test('an election before Tarantool 2.6.1 is a clear error', async context => {
  context.skip(has('elections'), 'this Tarantool has elections')
  await expect(lease({ ...three, failover: 'election' })).rejects.toThrow("'election' needs Tarantool 2.6.1 or later")
})

describe('options', () => {
  test.each<[string, object, string]>([
    ['one replica', { replicas: 1 }, "option 'replicas' must be at least 2"],
    ['a leader that is none', { replicas: 2, leader: 'db-3' }, "option 'leader': the replica set has no member 'db-3'"],
    ['a member that is none', { replicas: 2, members: { 'db-3': {} } }, "the replica set has no member 'db-3'"],
    ['a leader of a single server', { leader: 'db-1' }, "option 'leader' needs the option 'replicas'"],
    ['a container', { replicas: 2, docker: {} }, "option 'docker' cannot be used with 'replicas'"],
    ['a port', { replicas: 2, port: 3301 }, "option 'port' cannot be used with 'replicas'"],
  ])('%s', (_, options, message) => {
    expect(() => resolveFixture({ servers: { db: options } }, '.')).toThrow(message)
  })

  test('an application', () => {
    expect(() => resolvedServer({ replicas: 2, app: oneInstance() })).toThrow("'replicas' cannot be used with 'app'")
  })

  test('stand beside appLua, for the one server of a config', () => {
    expect(resolvedServer({ ...two, failover: 'election' })).toMatchObject({
      replicaSet: { name: 'default', failover: 'election', members: [{ name: 'default-1' }, { name: 'default-2' }] },
      ...{ walMode: 'write', timeout: 30_000 },
    })
  })

  test('a server of another kind has none of the defaults for a replica set', () => {
    const app = oneInstance()
    const fixture = resolveFixture({ ...two, servers: { db: {}, shop: { app } } }, temporaryDirectory())
    expect(fixture.servers.get('db')?.replicaSet?.members).toHaveLength(2)
    expect(fixture.servers.get('shop')?.replicaSet).toBeUndefined()
    const shops = resolveFixture({ app, connect: 'x', servers: { shop: {}, db: two } }, temporaryDirectory())
    expect(shops.servers.get('db')).toMatchObject({ application: undefined, replicaSet: { name: 'db' } })
  })

  test('of one file name its members', () => {
    const fixture = resolveFixture({ appLua: 'x = 1' }, temporaryDirectory())
    const { replicaSet } = resolveOwnServer(fixture, { replicas: 2, members: { 'replica-2': { logLevel: 6 } } }, '/')
    expect(replicaSet?.members.map(({ name, own }) => [name, own.logLevel])).toEqual([
      ['replica-1', undefined],
      ['replica-2', 6],
    ])
  })
})
