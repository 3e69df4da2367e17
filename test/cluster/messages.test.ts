import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ReplicaSetOptions, TarantoolInstance, TarantoolReplicaSet } from '../../src/index.ts'
import { appOfMembers, newCluster, newReplicaSet, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { startInstance, useOwnCache } from '../support/instances.ts'

useOwnCache()

const newSet = async (options: Partial<ReplicaSetOptions> = {}): Promise<TarantoolReplicaSet> =>
  await newReplicaSet({ replicas: 2, name: 'm', appLua: appOfMembers, ...options }).start()

const pause = async (instance: TarantoolInstance): Promise<void> => await instance.pause()
const resumeHint = 'resume() lets it run again.'
const resume = 'resume() lets a paused member run again.'

describe('a paused server', () => {
  test.each([
    ['before its first request', false],
    ['after a request', true],
  ])('is named as such by a request that runs into its timeout, %s', async (_, isConnected) => {
    const instance = await startInstance()
    if (isConnected) await instance.command('true')
    await pause(instance)
    await expect(instance.command('return 1', { timeout: 50 })).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_REQUEST_TIMEOUT',
      summary: expect.stringMatching(/^Tarantool\[.*\] did not answer a? ?command within 50 ms: the server is paused$/),
      hint: resumeHint,
    })
    instance.process?.sendSignal('SIGCONT')
    expect(await instance.command('return 1')).toEqual([1])
  })

  test('is named as such by a request that finds no connection', async () => {
    const instance = await startInstance()
    await pause(instance)
    await expect(instance.eval('return 1')).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_CONNECTION',
      summary: expect.stringMatching(/no greeting within 5000 ms: the server is paused$/),
      hint: resumeHint,
    })
  }, 20_000)

  test('is resumed by a reset', async () => {
    const instance = await startInstance({ recordChanges: true, appLua: appOfMembers })
    const { pid } = instance
    await instance.call('add_user', 1, 'ann')
    await pause(instance)
    await instance.reset()
    expect([instance.pid, await instance.call('count_users')]).toEqual([pid, [0]])
  })
})

describe('a paused member', () => {
  test('is named by all waits, which say how it goes on', async () => {
    const set = await newSet()
    await pause(set.instance('m-2'))
    await expect(set.instance('m-2').command('return 1', { timeout: 50 })).rejects.toMatchObject({
      summary: expect.stringMatching(/^Tarantool m-2\[127\.0\.0\.1:\d+\] did not answer .*: the server is paused$/),
    })
    await expect(set.waitForFullMesh({ timeout: 50 })).rejects.toMatchObject({
      summary: "replica set 'm' has no full mesh within 50 ms: 'm-2' is paused",
      hint: `${resume} onlyRunning: true leaves out members that do not run, or are paused.`,
    })
    await set.waitForFullMesh({ onlyRunning: true })
    for (const of of ['m-1', 'm-2']) {
      await expect(set.waitForVclock(of, { timeout: 50 })).rejects.toMatchObject({
        summary: expect.stringMatching(
          new RegExp(`^not all members have the data of Tarantool ${of}\\[.*\\] within 50 ms: 'm-2' is paused$`),
        ),
        hint: resume,
      })
    }
    set.instance('m-2').process?.sendSignal('SIGCONT')
    await set.waitForFullMesh()
  })

  test('that leads leaves its set without a leader, which is said at once', async () => {
    const set = await newSet()
    await pause(set.instance('m-1'))
    const hint = expect.stringContaining(resume)
    await expect(set.leader()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_REPLICATION',
      ...{ summary: "replica set 'm' has no leader: 'm-2' is read-only, and 'm-1' is paused", hint },
    })
    await expect(set.waitForLeader({ timeout: 50 })).rejects.toMatchObject({
      ...{ summary: "replica set 'm' has no leader after 50 ms: 'm-1' is paused", hint },
    })
    await expect(set.addReplica()).rejects.toThrow("'m-1' is paused")
    set.instance('m-1').process?.sendSignal('SIGCONT')
    expect((await set.leader()).name).toBe('m-1')
  })

  test('counts as missing in an election', async context => {
    skipWithout('elections', context)
    const set = await newSet({ replicas: 3, failover: 'election' })
    await pause(set.instance('m-1'))
    await set.instance('m-2').kill({ cleanup: false })
    await expect(set.waitForLeader({ timeout: 50 })).rejects.toMatchObject({
      summary:
        "replica set 'm' has no leader after 50 ms: 'm-2' does not run, and 'm-1' is paused, and an election needs 2 of 3 members",
    })
  })

  test('is resumed by a reset, which is in place', async () => {
    const set = await newSet({ recordChanges: true })
    const pids = set.instances.map(({ pid }) => pid)
    await set.instance('m-1').call('add_user', 1, 'ann')
    await pause(set.instance('m-2'))
    await set.reset()
    expect(set.instances.map(({ pid }) => pid)).toEqual(pids)
    expect(await set.instance('m-2').call('count_users')).toEqual([0])
  })
})

describe('a member in the place of something else', () => {
  test('is none of the options of a wait', async () => {
    const set = await newSet()
    const former = set.instance('m-1') as object
    const refusal = (call: string): unknown =>
      expect.objectContaining({
        code: 'ERR_TARANTOOL_INVALID_OPTION',
        summary: `${call}: the options must be an object, not an object of the class TarantoolInstance`,
      })
    await expect(set.waitForLeader(former)).rejects.toThrow(refusal('waitForLeader()'))
    await expect(set.waitForFullMesh(former)).rejects.toThrow(refusal('waitForFullMesh()'))
    await expect(set.addReplica(former)).rejects.toThrow(refusal('addReplica()'))
    await expect(set.addReplica(Promise.resolve({}) as never)).rejects.toThrow(
      expect.objectContaining({ summary: expect.stringMatching(/not a promise$/), hint: 'Await the promise.' }),
    )
  })

  test('is not the default, if its name is null', async () => {
    const set = await newSet()
    expect(() => set.instance(null as never)).toThrow('instance(name) takes the name of an instance, not null')
    expect(set.instance().name).toBe('m-1')
  })

  test('does not start alone after its set was stopped, and leaves no directory', async () => {
    const set = await newSet()
    const member = set.instance('m-2')
    await set.stop()
    await expect(member.start()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_NOT_RUNNING',
      summary: expect.stringMatching(/^Tarantool m-2\[.*\] cannot start alone: its cluster was stopped$/),
      hint: 'start() of the TarantoolReplicaSet or the TarantoolCluster starts all instances.',
    })
    expect(existsSync(set.directory)).toBe(false)
    await set.start()
    expect(await set.instance('m-2').command('return 1')).toEqual([1])
  })

  test('that was stopped has no log to show', async () => {
    const set = await newSet()
    const member = set.instance('m-2')
    await member.kill({ cleanup: false })
    const error = await member.command('return 1').catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'ERR_TARANTOOL_NOT_RUNNING',
      summary: `${member.fingerprint} does not run: it is stopped`,
    })
    expect((error as Error).message).not.toContain('Last log lines')
  })
})

describe('a write to a read-only member', () => {
  const write = async (member: TarantoolInstance): Promise<unknown> => await member.call('add_user', 1, 'ann')
  const onConsole = async (member: TarantoolInstance): Promise<unknown> =>
    await member.command("return add_user(1, 'ann')")
  const readOnly = {
    code: 'ERR_TARANTOOL_BOX',
    boxCode: 7,
    luaMessage: expect.stringMatching(/read-only (mode|instance)/),
  }

  test.each([
    ['call', write],
    ['command', onConsole],
  ])('names the member and the leader of the moment: %s', async (_, attempt) => {
    const set = await newSet()
    const [first, second] = [set.instance('m-1'), set.instance('m-2')]
    const hint = (member: string, leader: string): string =>
      `'${member}' is a read-only member of the replica set 'm': its leader is '${leader}', which leader() finds.`
    await expect(attempt(second)).rejects.toMatchObject({ ...readOnly, hint: hint('m-2', 'm-1') })
    await first.command('box.cfg({ read_only = true })')
    await expect(attempt(second)).rejects.toMatchObject({
      ...{ ...readOnly, hint: "'m-2' is a read-only member of the replica set 'm': no member of it is writable." },
    })
    await second.command('box.cfg({ read_only = false })')
    await expect(attempt(first)).rejects.toMatchObject({ ...readOnly, hint: hint('m-1', 'm-2') })
    await attempt(second)
  })

  test('has no such advice on a single server', async () => {
    const instance = await startInstance({ appLua: appOfMembers })
    await instance.command('box.cfg({ read_only = true })')
    await expect(write(instance)).rejects.toMatchObject({ ...readOnly, hint: undefined })
  })

  test('names the replica set of an application', async context => {
    skipWithout('a config file', context)
    const cluster = await newCluster({ app: threeInstances() }).start()
    await expect(write(cluster.instance('s-002'))).rejects.toMatchObject({
      ...readOnly,
      hint: "'s-002' is a read-only member of the replica set 's': its leader is 's-001', which leader() finds.",
    })
  })
})

describe('faults of links', () => {
  test('are named by waits that they hold up', async () => {
    const set = await newSet({ links: true })
    await set.link('m-2', 'm-1').cut()
    await set.instance('m-1').call('add_user', 1, 'ann')
    const hint = 'heal() ends faults of links.'
    await expect(set.waitForVclock('m-1', { timeout: 50 })).rejects.toMatchObject({
      ...{ summary: expect.stringMatching(/; the link from 'm-2' to 'm-1' is cut$/), hint },
    })
    await set.link('m-1', 'm-2').hang()
    await set.instance('m-1').command('box.cfg({ read_only = true })')
    await expect(set.waitForLeader({ timeout: 50 })).rejects.toMatchObject({
      summary: expect.stringMatching(
        /all members run; the link from 'm-(2' to 'm-1' is cut|1' to 'm-2' hangs), the link from /,
      ),
      hint: expect.stringContaining(hint),
    })
  })

  test('of other kinds are described, too', async () => {
    const set = await newSet({ links: true, replicas: 3 })
    await set.link('m-2', 'm-1').delay(5000)
    await set.link('m-3', 'm-1').limit(10)
    await set.instance('m-1').call('add_user', 1, 'x'.repeat(1000))
    const error = await set.waitForVclock('m-1', { timeout: 50 }).catch((reason: unknown) => reason)
    expect(error).toHaveProperty(
      'message',
      expect.stringContaining("the link from 'm-2' to 'm-1' is delayed by 5000 ms"),
    )
    expect(error).toHaveProperty(
      'message',
      expect.stringContaining("the link from 'm-3' to 'm-1' is limited to 10 bytes per second"),
    )
  })
})
