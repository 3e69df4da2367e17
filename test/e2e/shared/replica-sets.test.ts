import { describe, expect, test } from 'vitest'
import { appOfMembers } from '../../support/clusters.ts'
import { has } from '../../support/features.ts'
import { runUnder } from '../support/as-jest.ts'
import { oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const app = { 'app.lua': appOfMembers }

const head = `
import { connect } from 'node:net'
import { InvalidOptionError, LeaseError, ReplicationError, UnknownServerError, useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, describe, expect, test } from 'vitest'
const db = useTarantool('db')
const names = () => db.instances.map(({ name }) => name)
const portOfLease = process.env.TARANTOOL_DB_PORT
`

const handle = `${head}
const plain = useTarantool()
const firstHandles = ['db-1', 'db-2', 'db-3'].map(name => db.instance(name))
test('is the face of the leader, and has all members', async () => {
  expect(names()).toEqual(['db-1', 'db-2', 'db-3'])
  expect(db.replicasets).toEqual({ db: names() })
  expect(await db.eval('return box.info.ro')).toEqual([false])
  const leader = await db.leader()
  expect([leader.name, leader.port, db.name, portOfLease]).toEqual(['db-1', db.port, 'db', String(db.port)])
  expect(new Set(db.instances.map(({ port }) => port)).size).toBe(3)
  await db.call('add_user', 1, 'ann')
  await db.waitForVclock()
  for (const instance of db.instances) expect(await instance.call('count_users')).toEqual([1])
})
test('has one handle for each instance', async () => {
  const leader = await db.leader()
  expect(db.instance('db-1')).toBe(leader)
  expect(await db.waitForLeader()).toBe(leader)
  expect(leader.instance('db-2')).toBe(firstHandles[1])
  expect(db.instances.every((instance, index) => instance === firstHandles[index])).toBe(true)
  await expect(db.partition([leader], db.instances.filter(instance => instance !== leader))).rejects.toThrow('no links')
})
test('finds no data of the test before', async () => {
  for (const instance of db.instances) expect(await instance.call('count_users')).toEqual([0])
})
test('a killed leader leaves none, until another member is writable', async () => {
  const former = await db.leader()
  await db.call('add_user', 1, 'ann')
  await db.waitForVclock(former)
  await former.kill()
  await expect(db.call('count_users')).rejects.toThrow("replica set 'db' has no leader")
  await expect(former.call('count_users')).rejects.toThrow('Cannot connect to Tarantool db-1[')
  await expect(db.waitForLeader({ timeout: 50 })).rejects.toThrow(/no leader after 50 ms: 'db-1' does not run/)
  await expect(db.waitForFullMesh({ timeout: 50 })).rejects.toThrow("'db-1' does not run")
  await db.instance('db-2').command('box.cfg({ read_only = false })')
  const next = await db.waitForLeader({ not: former })
  expect([next.name, db.port]).toEqual(['db-2', next.port])
  expect(await db.call('add_user', 2, 'bob')).toEqual([[2, 'bob']])
  await former.start()
  await db.waitForFullMesh()
  await db.waitForVclock('db-2')
  expect(await former.call('count_users')).toEqual([2])
})
test('finds the leader of the config again, on its address', async () => {
  expect([await db.call('count_users'), String(db.port)]).toEqual([[0], portOfLease])
  expect((await db.leader()).name).toBe('db-1')
})
test('asks the member that leads at the time', async () => {
  await db.instance('db-1').command('box.cfg({ read_only = true })')
  await db.instance('db-3').command('box.cfg({ read_only = false })')
  expect(await db.call('add_user', 3, 'eve')).toEqual([[3, 'eve']])
  expect(db.port).toBe(db.instance('db-3').port)
  await db.kill()
  expect(db.instances.map(({ pid }) => pid !== 0)).toEqual([true, true, true])
  await db.start()
  expect(await db.instance('db-3').call('count_users')).toEqual([1])
})
test('another member leads', async () => {
  await db.instance('db-1').command('box.cfg({ read_only = true })')
  await db.instance('db-3').command('box.cfg({ read_only = false })')
  expect((await db.waitForLeader({ not: 'db-1' })).port).toBe(db.port)
})
test('knows at once that the first member leads again', async () => {
  expect(String(db.port)).toBe(portOfLease)
  expect(await db.eval('return box.info.ro')).toEqual([false])
})
test('is stopped, paused and restarted as a single server', async () => {
  const { port } = db
  await db.restart()
  expect([await db.call('count_users'), db.port]).toEqual([[0], port])
  await db.stop()
  await db.start()
  expect([await db.call('count_users'), db.port]).toEqual([[0], port])
  await db.pause()
  await db.resume()
  expect(await db.call('count_users')).toEqual([0])
})
test('has the log and the changes of the member that leads', async () => {
  const said = async text => {
    await db.eval("require('log').info(...)", text)
    expect(await db.waitForLog(text)).toContain(text)
    return await Promise.all([db, ...db.instances].map(async one => (await one.grepLog(text)).length))
  }
  expect(await said('said by the first leader')).toEqual([1, 1, 0, 0])
  await db.call('add_user', 1, 'ann')
  expect(await db.changes()).toEqual({ spaces: { users: { inserted: [[1, 'ann']] } } })
  await db.waitForVclock()
  await db.instance('db-1').kill()
  await db.instance('db-2').command('box.cfg({ read_only = false })')
  await db.eval('left = 1')
  expect(await db.changes()).toMatchObject({ spaces: { users: { inserted: [[1, 'ann']] } }, globals: ['left'] })
  expect(await said('said by the next leader')).toEqual([1, 0, 1, 0])
  for (const property of ['port', 'pid', 'workDir', 'logFile', 'consolePort', 'uri']) {
    expect(db[property]).toBe(db.instance('db-2')[property])
  }
  expect(JSON.parse(JSON.stringify(db)).port).toBe(db.instance('db-2').port)
  await db.reset()
  expect([await db.call('count_users'), (await db.leader()).name]).toEqual([[0], 'db-1'])
})
test('has the changes of code that moves the leader', async () => {
  const { spaces } = await db.changesOf(async () => {
    await db.instance('db-1').command('box.cfg({ read_only = true })')
    await db.instance('db-3').command('box.cfg({ read_only = false })')
    await db.call('add_user', 2, 'bob')
  })
  expect(spaces).toEqual({ users: { inserted: [[2, 'bob']] } })
})
let pidsBefore
test('grows and shrinks', async () => {
  pidsBefore = db.instances.map(({ pid }) => pid)
  await db.call('add_user', 1, 'ann')
  const added = await db.addReplica({ boxCfg: { too_long_threshold: 4 } })
  expect([added.name, names()]).toEqual(['db-4', ['db-1', 'db-2', 'db-3', 'db-4']])
  expect(db.instances.at(-1)).toBe(added)
  expect(await added.eval('return count_users(), box.cfg.too_long_threshold')).toEqual([1, 4])
  await db.remove(db.instance('db-2'))
  expect(names()).toEqual(['db-1', 'db-3', 'db-4'])
  await db.waitForFullMesh()
  await expect(db.instance('db-2').call('count_users')).rejects.toThrow(UnknownServerError)
  await expect(db.addReplica({ name: 'db-3' })).rejects.toThrow("the replica set has a member 'db-3' already")
  await expect(db.remove('db-1')).rejects.toThrow("'db-1' is the leader of the replica set")
  await expect(db.remove('db-9')).rejects.toThrow("no instance of the cluster is named 'db-9'")
  await expect(db.addReplica(null)).rejects.toThrow('addReplica(): the options must be an object, not null')
  await expect(db.waitForLeader({ timeout: Number.NaN })).rejects.toThrow("waitForLeader(): 'timeout' is NaN")
  await expect(db.waitForLeader('db-1')).rejects.toThrow('waitForLeader(): the options must be an object, not "db-1"')
  await expect(db.waitForVclock('db-1', 50)).rejects.toThrow('waitForVclock(): the options must be an object, not 50')
  await expect(db.waitForVclock(5)).rejects.toThrow('waitForVclock(of) takes an instance of the cluster, or its name, not 5')
})
test('has the members of the config again, and the others have the same processes', async () => {
  expect(names()).toEqual(['db-1', 'db-2', 'db-3'])
  expect(db.instances.map(({ pid }, index) => pid === pidsBefore[index])).toEqual([true, false, true])
  expect(db.instances.every((instance, index) => instance === firstHandles[index])).toBe(true)
  for (const instance of db.instances) expect(await instance.call('count_users')).toEqual([0])
})
test('the member goes that connect names', async () => {
  await db.instance('db-1').command('box.cfg({ read_only = true })')
  await db.instance('db-2').command('box.cfg({ read_only = false })')
  expect((await db.waitForLeader({ not: 'db-1' })).name).toBe('db-2')
  await db.remove('db-1')
  expect(await db.call('add_user', 1, 'ann')).toEqual([[1, 'ann']])
  expect([names(), db.instance('db-3').pid !== db.instance('db-2').pid]).toEqual([['db-2', 'db-3'], true])
})
test('it is there again', async () => {
  expect([await db.call('count_users'), names(), String(db.port)]).toEqual([[0], ['db-1', 'db-2', 'db-3'], portOfLease])
})
test('a single server is no cluster', async () => {
  await expect(plain.waitForLeader()).rejects.toThrow(LeaseError)
  await expect(plain.addReplica()).rejects.toThrow("server 'default' is no cluster")
})
describe('of this describe alone', () => {
  const own = useTarantool({ config: { replicas: 2, appLua: './app.lua', members: { 'replica-2': { env: { PLACE: 'second' } } } } })
  test('has members of its own', async () => {
    expect(own.instances.map(({ name }) => name)).toEqual(['replica-1', 'replica-2'])
    expect(await own.call('add_user', 1, 'ann')).toEqual([[1, 'ann']])
    await own.waitForVclock()
    expect(await own.instance('replica-2').eval("return count_users(), os.getenv('PLACE')")).toEqual([1, 'second'])
  })
  test('finds nothing of it', async () => expect(await own.call('count_users')).toEqual([0]))
})
test('has no config', async () => {
  await expect(db.set({ 'log.level': 7 })).rejects.toThrow("server 'db' is a replica set without a config")
})`

const other = `${head}
test('another file finds nothing of it', async () => {
  expect([await db.call('count_users'), names()]).toEqual([[0], ['db-1', 'db-2', 'db-3']])
})`

const elected = `${head}
test('a killed leader has a successor', async () => {
  const former = await db.leader()
  expect(portOfLease).toBe(String(former.port))
  await db.call('add_user', 1, 'ann')
  await db.waitForVclock()
  await db.kill()
  // Waits for the election.
  expect(await db.call('count_users')).toEqual([1])
  expect(db.port).not.toBe(former.port)
  const next = await db.leader()
  await next.kill()
  await expect(db.waitForLeader({ timeout: 50 })).rejects.toThrow(/'db-\\d', 'db-\\d' do not run, and an election needs 2 of 3 members/)
})
test('finds a leader and no data', async () => {
  expect(await db.call('count_users')).toEqual([0])
})
test('a paused leader has a successor', async () => {
  const former = await db.leader()
  await former.pause()
  const next = await db.waitForLeader({ not: former })
  expect([next.port === former.port, db.port]).toEqual([false, next.port])
  expect(await db.call('add_user', 1, 'ann')).toEqual([[1, 'ann']])
})
test('finds all members running', async () => {
  await db.waitForFullMesh()
  expect(await db.call('count_users')).toEqual([0])
})`

const afterHooks = `${head}
const pids = () => db.instances.map(({ pid }) => pid)
const rowsOf = async name => (await db.instance(name).eval('return box.space.users:select()'))[0]
let before
beforeAll(async () => {
  await db.call('add_user', 1, 'ann')
  await db.waitForVclock()
})
test('stops a member, and changes the row of the hook', async () => {
  before = pids()
  await db.eval('box.space.users:delete(1)')
  await db.call('add_user', 2, 'bob')
  await db.instance('db-3').stop()
})
test.each(['once', 'twice'])('finds the row of the hook, and kills the leader %s', async () => {
  for (const name of names()) expect(await rowsOf(name)).toEqual([[1, 'ann']])
  expect(String((await db.leader()).port)).toBe(portOfLease)
  expect(pids()[1]).toBe(before[1])
  await db.call('add_user', 3, 'eve')
  await db.kill()
})
test('finds the row of the hook again, in processes that the tests have not ended', async () => {
  for (const name of names()) expect(await rowsOf(name)).toEqual([[1, 'ann']])
  expect(pids().map((pid, index) => pid === before[index])).toEqual([false, true, false])
})
test('a member is reset with the others, to the row of the hook', async () => {
  const left = "return rawget(_G, 'left')"
  for (const instance of db.instances) {
    await db.call('add_user', 4, 'dan')
    await db.waitForVclock()
    await db.instance('db-3').eval('left = 1')
    await instance.reset()
    for (const name of names()) expect(await rowsOf(name)).toEqual([[1, 'ann']])
    expect(await db.instance('db-3').eval(left)).toEqual([null])
  }
})
describe('with a member that a hook adds', () => {
  let added
  beforeAll(async () => {
    added = await db.addReplica({ name: 'db-added' })
    await db.remove('db-2')
    await db.call('add_user', 5, 'eve')
    await db.waitForVclock()
  })
  test.each([1, 2, 3])('has it in test %i, with the rows of the hook', async () => {
    expect(names()).toEqual(['db-1', 'db-3', 'db-added'])
    expect((await added.eval('return box.space.users:select()'))[0]).toEqual([[1, 'ann'], [5, 'eve']])
    await added.call('count_users')
    await db.call('add_user', 6, 'joe')
    await db.instance('db-3').kill()
  })
})
test('does not have it after the hooks', async () => {
  expect(names()).toEqual(['db-1', 'db-2', 'db-3'])
  for (const name of names()) expect(await rowsOf(name)).toEqual([[1, 'ann']])
  expect(pids()[1]).not.toBe(0)
  await db.waitForFullMesh()
})`

const setUp = setUpWith("{ maxServers: 1, servers: { default: {}, db: { replicas: 3, appLua: './app.lua' } } }")

describe.each(oneOfEach)('$name', runner => {
  test("a replica set's handle", async () => {
    const { output, exitCode, project } = await runUnder(runner, {
      ...{ ...setUp, ...app, 'a.test.ts': handle, 'b.test.ts': other },
    })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('the next test finds the rows of beforeAll, although a test has killed the leader', async () => {
    const { output, exitCode, project } = await runUnder(runner, {
      ...setUp,
      ...app,
      'a.test.ts': afterHooks,
      'b.test.ts': other,
    })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test.skipIf(!has('elections'))('members that elect their leader (needs Tarantool 2.6.1)', async () => {
    const elects = setUpWith("{ servers: { db: { replicas: 3, failover: 'election', appLua: './app.lua' } } }")
    const { output, exitCode, project } = await runUnder(runner, { ...elects, ...app, 'a.test.ts': elected })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('a leader that is none is reported once, with the members', async () => {
    const wrong = setUpWith("{ servers: { db: { replicas: 2, leader: 'db-3' } } }")
    const { output, exitCode } = await runUnder(runner, { ...wrong, 'a.test.ts': other })
    expect(exitCode).not.toBe(0)
    expect(output).toContain("option 'leader': the replica set has no member 'db-3'")
    expect(output).toContain('Members: db-1, db-2.')
  })
})
