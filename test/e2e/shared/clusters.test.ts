import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { has } from '../../support/features.ts'
import { runUnder } from '../support/as-jest.ts'
import { oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const app = {
  'my-app/router.lua': `
    function greet() return 'hello from ' .. box.info.name end
    function say(text) require('log').info(text) end`,
  'my-app/storage.lua': `
    box.watch('box.status', function()
        if box.info.ro then return end
        box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })
    end)
    function say(text) require('log').info(text) end
    function count() return box.space.users:count() end`,
  'my-app/config.yaml': `
credentials: { users: { replicator: { password: secret, roles: [replication] } } }
iproto: { advertise: { peer: { login: replicator } } }
replication: { failover: manual, timeout: 0.1 }
groups:
  routers:
    app: { file: router.lua }
    replicasets: { r: { leader: r-001, instances: { r-001: {} } } }
  storages:
    app: { file: storage.lua }
    replicasets: { s: { leader: s-001, instances: { s-001: {}, s-002: {} } } }
`,
}

const withOther = {
  ...app,
  'my-app/other.yaml': app['my-app/config.yaml'].replace('leader: s-001', 'leader: s-002'),
}

const head = `
import { connect } from 'node:net'
import { ClusterConfigError, LeaseError, UnknownServerError, useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, describe, expect, test } from 'vitest'
`

const handle = `${head}
const tarantool = useTarantool()
const storage = tarantool.instance('s-001')
test('is the handle of the instance that connect names', async () => {
  expect(tarantool.instances.map(({ name }) => name)).toEqual(['r-001', 's-001', 's-002'])
  expect(tarantool.replicasets).toEqual({ r: ['r-001'], s: ['s-001', 's-002'] })
  expect(await tarantool.call('greet')).toEqual(['hello from r-001'])
  expect(tarantool.instance('r-001').pid).toBe(tarantool.pid)
  expect(process.env.TARANTOOL_PORT).toBe(String(tarantool.port))
  expect(new Set([tarantool, storage, tarantool.instance('s-002')].map(({ port }) => port)).size).toBe(3)
  expect([tarantool, storage].map(({ name, isolation }) => [name, isolation])).toEqual([['default', 'reset'], ['s-001', 'reset']])
  expect(JSON.parse(JSON.stringify(storage))).toMatchObject({ name: 's-001', host: storage.host, port: storage.port })
})
test('the leader, and another one', async () => {
  const leader = await tarantool.leader('s')
  expect(leader).toBe(storage)
  expect(await leader.eval('return box.info.name, box.info.ro')).toEqual(['s-001', false])
  await tarantool.set({ 'groups.storages.replicasets.s.leader': 's-002' })
  expect((await tarantool.leader('s')).port).toBe(tarantool.instance('s-002').port)
})
test('finds the leader of the config again', async () => {
  expect((await tarantool.leader('s')).port).toBe(storage.port)
  await tarantool.reload('other.yaml')
  expect((await tarantool.leader('s')).port).toBe(tarantool.instance('s-002').port)
  await tarantool.reload()
  expect((await tarantool.leader('s')).port).toBe(storage.port)
  await expect(tarantool.reload({ groups: {} })).rejects.toThrow("lacks the instance 'r-001' of the cluster")
})
test('waits for what the instances of a replica set have', async () => {
  await tarantool.waitForFullMesh()
  await storage.eval("box.space.users:insert({ 1, 'ann' })")
  await tarantool.waitForVclock(storage)
  expect(await tarantool.instance('s-002').call('count')).toEqual([1])
  const former = await tarantool.leader('s')
  await tarantool.set({ 'groups.storages.replicasets.s.leader': 's-002' })
  expect((await tarantool.waitForLeader({ not: former })).name).toBe('s-002')
  expect(await tarantool.call('greet')).toEqual(['hello from r-001'])
  await expect(tarantool.waitForLeader({ replicaset: 't' })).rejects.toThrow(UnknownServerError)
  await expect(tarantool.waitForLeader()).rejects.toThrow('the cluster has 2 replica sets, and the request names none')
  await tarantool.instance('s-002').kill()
  await expect(tarantool.waitForLeader({ replicaset: 's', timeout: 50 })).rejects.toThrow("'s-002' does not run")
  await expect(tarantool.addReplica()).rejects.toThrow("the instances of server 'default' are those of its config")
})
test('an instance is stopped, killed and restarted', async () => {
  const { port, pid } = storage
  await storage.restart()
  expect([storage.port, storage.pid === pid]).toEqual([port, false])
  expect(await storage.call('count')).toEqual([0])
  await storage.kill()
  await expect(storage.call('count')).rejects.toThrow()
  expect(await tarantool.call('greet')).toEqual(['hello from r-001'])
  await storage.start()
  expect(await storage.call('count')).toEqual([0])
  await tarantool.restart()
  expect([tarantool.instances.length, await tarantool.call('greet')]).toEqual([3, ['hello from r-001']])
  expect((await tarantool.leader('s')).port).toBe(storage.port)
  await tarantool.instance('s-002').stop()
})
test('finds all instances running', async () => {
  for (const instance of tarantool.instances) {
    expect(await instance.eval('return box.info.status')).toEqual(['running'])
  }
})
test('the log of an instance', async () => {
  await storage.call('say', 'said by a storage')
  expect(await storage.waitForLog('said by a storage')).toContain('said by a storage')
  expect(await tarantool.grepLog('said by a storage')).toEqual([])
})
test('the changes of an instance', async () => {
  await storage.eval("box.space.users:insert({ 7, 'gus' })")
  expect((await storage.changes()).spaces).toEqual({ users: { inserted: [[7, 'gus']] } })
  expect((await storage.changesOf(() => storage.eval('box.space.users:delete(7)'))).spaces).toEqual({ users: { deleted: [[7, 'gus']] } })
  await tarantool.eval('rawset(_G, "changed", 1)')
  expect((await tarantool.changes()).globals).toEqual(['changed'])
})
test('an unknown name', async () => {
  await expect(tarantool.instance('s-003').call('count')).rejects.toThrow(UnknownServerError)
  await expect(tarantool.leader('t')).rejects.toThrow(UnknownServerError)
  await expect(tarantool.set({ 'replication.timeou': 1 })).rejects.toThrow('Unexpected field "timeou"')
  await expect(tarantool.set('replication.timeout')).rejects.toThrow('set(): the options must be an object, not "replication.timeout"')
  await expect(tarantool.set()).rejects.toThrow('set(): the options must be an object, not undefined')
  await expect(tarantool.reload(5)).rejects.toThrow('reload: the config must be an object')
})`

const isolation = `${head}
const tarantool = useTarantool()
const storage = tarantool.instance('s-001')
const replica = tarantool.instance('s-002')
let pids
const pidsOf = () => tarantool.instances.map(({ pid }) => pid)
test('writes', async () => {
  pids = pidsOf()
  await storage.eval("box.space.users:insert({ 1, 'ann' })")
})
test('finds no data of the test before, in the same processes', async () => {
  expect(await storage.call('count')).toEqual([0])
  expect(await replica.call('count')).toEqual([0])
  expect(pidsOf()).toEqual(pids)
})
test('pauses a storage', async () => {
  await storage.eval("box.space.users:insert({ 4, 'dan' })")
  await replica.pause()
})
test('finds the same processes', async () => {
  expect([await storage.call('count'), await replica.call('count')]).toEqual([[0], [0]])
  expect(pidsOf()).toEqual(pids)
})
test('kills a storage', async () => {
  await storage.eval("box.space.users:insert({ 5, 'eve' })")
  await replica.kill()
})
test('finds a new process of that storage only, once there is a template', async () => {
  expect([await storage.call('count'), await replica.call('count')]).toEqual([[0], [0]])
  expect(replica.pid === pids[2]).toBe(false)
  expect(await replica.eval("return require('tarantool').pid()")).toEqual([replica.pid])
  pids = pidsOf()
})
describe('a suite', () => {
  beforeAll(async () => void (await storage.eval("box.space.users:insert({ 2, 'bob' })")))
  test.each([1, 2])('finds the rows of its hooks, and a replica does: %s', async () => {
    expect([await storage.call('count'), await replica.call('count')]).toEqual([[1], [1]])
    await storage.eval("box.space.users:insert({ 3, 'cid' })")
    await replica.eval("rawset(_G, 'left', true)")
  })
  test('finds no global of a test on a replica', async () => expect(await replica.eval('return rawget(_G, "left")')).toEqual([null]))
})
test('finds nothing of the suite', async () => {
  expect([await storage.call('count'), await replica.call('count')]).toEqual([[0], [0]])
  expect(pidsOf()).toEqual(pids)
})
describe('strict', () => {
  useTarantool({ strict: true })
  test('changes rows', async () => void (await storage.eval("box.space.users:insert({ 1, 'ann' })")))
  test('finds none', async () => expect(await replica.call('count')).toEqual([0]))
})
describe('file', () => {
  useTarantool({ isolation: 'file' })
  test('writes', async () => void (await storage.eval("box.space.users:insert({ 1, 'ann' })")))
  test('finds it', async () => expect(await storage.call('count')).toEqual([1]))
})
describe('restart', () => {
  useTarantool({ isolation: 'restart' })
  test('finds nothing', async () => {
    expect(await storage.call('count')).toEqual([0])
    pids = pidsOf()
    await storage.eval('LEFT = true')
  })
  test('has processes of its own', async () => {
    expect(await storage.eval('return LEFT')).toEqual([null])
    expect(pidsOf().filter(pid => pids.includes(pid))).toEqual([])
  })
})`

const failures = `${head}
const tarantool = useTarantool()
test('shows what each instance logged', async () => {
  await tarantool.call('say', 'the router speaks')
  await tarantool.instance('s-002').call('say', 'the replica speaks')
  await tarantool.eval("rawset(_G, 'of_router', 1)")
  await tarantool.instance('s-001').eval("box.space.users:insert({ 9, 'ida' })")
  await tarantool.waitForVclock('s-001')
  await tarantool.instance('s-002').eval("rawset(_G, 'of_replica', 1)")
  expect(1).toBe(2)
})
test('a storage dies', async () => {
  await tarantool.instance('s-001').eval("require('ffi').cdef('void _exit(int);') require('ffi').C._exit(3)").catch(() => {})
})
test('finds it again', async () => {
  expect(await tarantool.instance('s-001').call('count')).toEqual([0])
})`

const ended = `${head}
const tarantool = useTarantool()
test('a file that finds nothing of others', async () => {
  expect(await tarantool.instance('s-001').call('count')).toEqual([0])
})`

const setUp = setUpWith("{ app: './my-app', connect: 'r-001', maxServers: 1 }")

describe.skipIf(!has('a config file')).each(oneOfEach)('$name (needs Tarantool 3)', runner => {
  test("a cluster's handle", async () => {
    const { output, exitCode, project } = await runUnder(runner, { ...setUp, ...withOther, 'a.test.ts': handle })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('each test finds the cluster as it began', async () => {
    const files = { 'a.test.ts': isolation, 'b.test.ts': isolation, 'c.test.ts': ended }
    const { output, exitCode, project } = await runUnder(runner, { ...setUp, ...app, ...files })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('a failed test shows the lines of each instance; the death of one is reported', async () => {
    const keeps = setUpWith("{ app: './my-app', connect: 'r-001', maxServers: 1, keep: 'on-failure' }")
    const { output, project } = await runUnder(runner, { ...keeps, ...app, 'a.test.ts': failures })
    expect(output).toMatch(/r-001 \| .*the router speaks/)
    // Said once, although each instance has a part.
    const kept = output.match(/The data is kept as it is now: npx tarantool-fixture open (.*)/)?.[1] ?? 'none'
    expect(output.split(/(?=FAIL|●)/).filter(part => part.split('The data is kept').length > 2)).toEqual([])
    for (const name of ['r-001', 's-002']) expect(output).toContain(`(full log: ${join(kept, name, 'tarantool.log')})`)
    expect(output).toMatch(/s-002 \| .*the replica speaks/)
    const changes = ['r-001: globals: of_router', 's-001: users: 1 inserted', 's-002: globals: of_replica']
    const shown = output.matchAll(/Tarantool (\S+)\[.*\] changed during this test: (.*)/g)
    expect([...shown].map(([, name, what]) => `${name}: ${what}`).slice(0, 3)).toEqual(changes)
    expect(output).toMatch(/Tarantool s-001\[.*\] exited with code 3 during this test/)
    expect(output).toMatch(/Tests: +2 failed, 1 passed|2 failed \| 1 passed/)
    expect(project.leftBehind().map(name => join(project.temporary, name))).toContain(kept)
  })

  test('a config that Tarantool refuses is reported once, with its path', async () => {
    const broken = { 'my-app/config.yaml': app['my-app/config.yaml'].replace('timeout:', 'timeou:') }
    const files = { 'a.test.ts': ended, 'b.test.ts': ended }
    const { output, project } = await runUnder(runner, { ...setUp, ...app, ...broken, ...files })
    expect(output.match(/config\.yaml: \[cluster_config\] replication: Unexpected field "timeou"/g)).not.toBeNull()
    expect(output).toContain('(reported in full under')
    expect(project.leftBehind()).toEqual([])
  })
})
