import { describe, expect, test } from 'vitest'
import { appOfMembers } from '../../support/clusters.ts'
import { has } from '../../support/features.ts'
import { runUnder } from '../support/as-jest.ts'
import { oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const elects = {
  ...setUpWith("{ servers: { el: { replicas: 3, failover: 'election', links: true, appLua: './app.lua' } } }"),
  'app.lua': appOfMembers,
}

const head = `
import { LeaseError, useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const el = useTarantool('el')
const members = () => el.instances
const loseLeader = async () => {
  await el.partition(...members().map(member => [member]))
  const isReadOnly = async member => (await member.eval('return box.info.ro'))[0]
  while ((await Promise.all(members().map(isReadOnly))).includes(false));
}
const failure = request => request.then(value => value, error => error)
const users = async () => await el.eval('return box.space.users:select()')
`

const late = `${head}
const pending = {}
const left = Object.entries({
  call: () => el.call('add_user', 1, 'leak'),
  eval: () => el.eval("return add_user(2, 'leak')"),
  command: () => el.command("add_user(3, 'leak')"),
  leader: async () => (await el.leader()).call('add_user', 4, 'leak'),
  waitForLeader: async () => (await el.waitForLeader({ timeout: 60_000 })).call('add_user', 5, 'leak'),
  waitForVclock: async () => {
    await el.waitForVclock(undefined, { timeout: 60_000 })
    await el.call('add_user', 6, 'leak')
  },
  waitForFullMesh: async () => {
    await el.waitForFullMesh({ timeout: 60_000 })
    await el.call('add_user', 7, 'leak')
  },
  addReplica: async () => (await el.addReplica()).call('count_users'),
})
test('leaves requests that wait for a leader', async () => {
  await loseLeader()
  for (const [call, request] of left) pending[call] = failure(request())
})
test('finds none of them', async () => {
  for (const [call] of left) {
    const error = await pending[call]
    expect(error).toMatchObject({ code: LeaseError.code, hint: expect.stringContaining('Await it.') })
    expect(error.summary).toMatch(/^(a request|\\w+\\(\\)) of server 'el' comes too late: the test that made it is over$/)
  }
  expect([await users(), members().length]).toEqual([[[]], 3])
})
`

const unreset = {
  ...setUpWith("{ servers: { el: { replicas: 3, isolation: 'none', appLua: './app.lua' } } }"),
  'app.lua': appOfMembers,
}

const overdue = `${head}
let leader, pending
test('leaves a request whose leader has not answered yet', async () => {
  leader = await el.leader()
  // A request first asks the leader whether the leader is writable. The first answer waits.
  await leader.eval(\`
    local info = box.info
    asked, gate = false, require('fiber').cond()
    rawset(box, 'info', setmetatable({}, { __index = function(_, key)
        if key == 'ro' then
            rawset(box, 'info', info)
            asked = true
            gate:wait()
        end
        return info[key]
    end }))\`)
  pending = failure(el.call('add_user', 1, 'leak'))
  while (!(await leader.eval('return asked'))[0]);
})
test('does not get it', async () => {
  await leader.eval('gate:broadcast()')
  expect(await pending).toMatchObject({
    code: LeaseError.code,
    summary: "a request of server 'el' comes too late: the test that made it is over",
  })
  expect(await users()).toEqual([[]])
})
`

const dead = `${head}
test('has lost the majority', async () => {
  for (const name of ['el-2', 'el-3']) await el.instance(name).kill()
  await el.call('add_user', 1, 'ann')
}, 6000)
`

describe.skipIf(!has('elections')).each(oneOfEach)('$name (needs Tarantool 2.6.1)', runner => {
  test('a request whose test is over does not reach the next test', async () => {
    const { output, exitCode, project } = await runUnder(runner, { ...elects, 'a.test.ts': late })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('a request does not reach the next test if its leader answers there', async () => {
    const { output, exitCode, project } = await runUnder(runner, { ...unreset, 'a.test.ts': overdue })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('the error of a request without a leader comes before the timeout, and names the members that do not run', async () => {
    const { output, exitCode } = await runUnder(runner, { ...elects, 'a.test.ts': dead })
    expect(exitCode).not.toBe(0)
    expect(output).toContain("replica set 'el' has no leader: 'el-1' is read-only, and 'el-2', 'el-3' do not run")
    expect(output.replaceAll(/^ +/gm, '')).toContain(`These faults held when it failed:
'el-2' does not run: instance('el-2').start() starts it again.
'el-3' does not run: instance('el-3').start() starts it again.`)
    expect(output).not.toMatch(/timed out|exceeded timeout/i)
  })
})
