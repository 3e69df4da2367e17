import { describe, expect, test } from 'vitest'
import type { ReportData } from '../../../src/report/data.ts'
import { appOfMembers } from '../../support/clusters.ts'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { isJest, oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const app = `
  local users = box.schema.space.create('users', { format = { { 'id', 'unsigned' }, { 'name', 'string' } } })
  users:create_index('pk')
  users:insert({ 1, 'ann' })
  box.schema.space.create('orders'):create_index('pk')
  for i = 1, 20 do box.space.orders:insert({ i, i * 10 }) end
  box.schema.space.create('big'):create_index('pk')
  for i = 1, 10001 do box.space.big:insert({ i }) end`

const head = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { describe, expect, test, vi } from 'vitest'
const tarantool = useTarantool()
const quiet = useTarantool('quiet')
const change = lua => tarantool.eval(lua)
`

const failing = `${head}
test('a few rows', async () => {
  await change("box.space.users:insert({ 2, 'bob' }) box.space.users:replace({ 1, 'eve' }) box.space.orders:delete(7)")
  throw new Error('of the test')
})
test('many rows, and more', async () => {
  await change("for i = 1, 20 do box.space.orders:delete(i) end for i = 2, 9 do box.space.users:insert({ i, ('x'):rep(300) }) end")
  await change("for i = 1, 9 do box.schema.space.create('made' .. i):create_index('pk'):drop() end counter = 1 box.cfg({ too_long_threshold = 7 })")
  throw new Error('of the test')
})
test('nothing', () => { throw new Error('of the test') })
test('a server that is not to show it', async () => {
  await quiet.eval('box.space.users:delete(1)')
  throw new Error('of the test')
})
test('records that were given up', async () => {
  await change('box.space.big:truncate()')
  throw new Error('of the test')
})
test('fake timers', async () => {
  vi.useFakeTimers()
  await change("box.space.users:delete(1)")
  throw new Error('of the test')
})
test('a frozen server', async () => {
  vi.useRealTimers()
  await change("box.space.users:delete(1)")
  await tarantool.pause()
  throw new Error('of the test')
})
test('a server that died', async () => {
  await change("box.space.users:delete(1)")
  process.kill(tarantool.pid, 'SIGKILL')
  await tarantool.eval('return 1')
})
test('passes', async () => expect(await tarantool.eval('return box.space.users:count()')).toEqual([1]))
`

const again = `${head}
let attempts = 1
vi.retryTimes?.(1)
test('a second attempt', { retry: 1 }, async () => {
  await change("box.space.users:insert({ " + ++attempts + ", 'attempt' })")
  throw new Error('of the test')
})`

const concurrent = `${head}
useTarantool({ isolation: 'file' })
useTarantool('quiet', { isolation: 'file' })
test.concurrent('beside another', async () => {
  await change("box.space.users:insert({ 5, 'beside' })")
  throw new Error('of the test')
})
test.concurrent('the other', async () => {})`

const fewRows = `changed during this test: orders: 1 deleted; users: 1 inserted, 1 updated
  - orders [7, 70]
  + users { id: 2, name: "bob" }
  ~ users { id: 1, name: "ann" } → { id: 1, name: "eve" }`

const members = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, describe, expect, test } from 'vitest'
const db = useTarantool('db')
const follower = db.instance('db-2')
const fail = () => { throw new Error('of the test') }
beforeAll(async () => void (await db.call('add_user', 1, 'ann')))
test('rows and state of members', async () => {
  await db.call('add_user', 2, 'bob')
  await db.waitForVclock()
  await follower.eval("left = 1 box.cfg({ too_long_threshold = 7 })")
  fail()
})
test('a state of a member', async () => {
  await follower.eval('left = 1')
  fail()
})
test('nothing in a set', fail)
describe('file', () => {
  useTarantool('db', { isolation: 'file' })
  test('a shared set', async () => {
    await follower.eval('left = 1')
    fail()
  })
})
test('a member that the test has started again', async () => {
  await follower.kill()
  await follower.start()
  fail()
})
test('nothing after a reset that has replaced a member', async () => {
  await db.eval('return box.space.users:select()')
  fail()
})
test('a leader that has ended', async () => {
  await db.call('add_user', 3, 'eve')
  await db.waitForVclock()
  await db.kill()
  fail()
})`

const ofMembers: Record<string, readonly RegExp[]> = {
  'rows and state of members': [
    /db-1\[.*\] \(db\) changed during this test: users: 1 inserted$/,
    /^ {2}\+ users \[2, "bob"\]$/,
    /db-2\[.*\] changed during this test: globals: left; box.cfg: too_long_threshold$/,
  ],
  'a state of a member': [/db-2\[.*\] changed during this test: globals: left$/],
  'a leader that has ended': [/db-2\[.*\] changed during this test: users: 1 inserted$/, /^ {2}\+ users \[3, "eve"\]$/],
  'nothing in a set': [],
  'a member that the test has started again': [
    /db-2\[.*\]: the changes during this test are unknown: its process began later$/,
  ],
  'nothing after a reset that has replaced a member': [],
  'a shared set': [/db-2\[.*\] changed since the first test: globals: left$/],
}

const changed = /change[ds] (?:during|since)/

describe.each(oneOfEach)('$name', runner => {
  test('what a failed test had changed, under its error', async () => {
    const { project } = await runUnder(runner, {
      ...setUpWith(
        "{ appLua: './app.lua', servers: { default: {}, quiet: { showChanges: false } } }",
        'maxWorkers: 1, fileParallelism: false',
      ),
      'app.lua': app,
      'failing.test.ts': failing,
      'again.test.ts': again,
      'concurrent.test.ts': concurrent,
    })
    const results = outcomes(project)
    expect(results['a few rows']).toContain(fewRows)
    const many = results['many rows, and more'] ?? ''
    expect(many).toContain('changed during this test: orders: 20 deleted; users: 8 inserted; ')
    expect(many).toContain('schema of spaces: made1, made2, made3, made4, made5, 4 more')
    expect(many).toContain('globals: counter; box.cfg: too_long_threshold')
    const lines =
      many
        .slice(many.indexOf(' changed during'))
        .split(/\n(?:\n| +at )/)[0]
        ?.split('\n') ?? []
    expect(lines.length).toBeLessThanOrEqual(10)
    expect(lines.at(-1)).toMatch(/^ {2}… 22 more$/)
    expect(results['records that were given up']).toMatch(/the changes during this test are unknown: more than 10000/)
    expect(results['fake timers']).toContain('- users { id: 1, name: "ann" }')
    for (const title of ['nothing', 'a server that is not to show it', 'a frozen server', 'a server that died']) {
      expect(results[title], title).toMatch(/of the test|was killed by SIGKILL/)
      expect(results[title], title).not.toMatch(changed)
    }
    expect(results.passes).toBe('passed')
    const attempt = results['a second attempt'] ?? ''
    expect(attempt).toContain('+ users { id: 3, name: "attempt" }')
    expect(attempt.match(new RegExp(changed, 'g'))).toHaveLength(isJest(runner) ? 1 : 2)
    expect(results['beside another']).toMatch(
      isJest(runner) ? /changed/ : /changed since the first test: users: 1 inserted/,
    )
    expect(results['the other']).toBe('passed')
  })

  test('what a failed test had changed in a replica set: rows once, and the state of each member', async () => {
    const { project } = await runUnder(runner, {
      ...setUpWith("{ report: 'out/run.html', servers: { db: { replicas: 2, appLua: './app.lua' } } }"),
      'app.lua': appOfMembers,
      'members.test.ts': members,
    })
    const results = outcomes(project)
    for (const [title, expected] of Object.entries(ofMembers)) {
      expect(results[title], title).toContain('of the test')
      const lines = (results[title] ?? '').split('\n').filter(line => changed.test(line) || /^ {2}[+~-] /.test(line))
      expect(lines, title).toEqual(expected.map(pattern => expect.stringMatching(pattern)))
    }
    const { results: reported, events } = JSON.parse(project.read('out/run.json')) as ReportData
    expect(events.map(({ kind }) => kind)).toContain('reset')
    expect(reported.find(({ name }) => name === 'rows and state of members')?.parts[0]?.changes).toEqual([
      'db-1 | users: 1 inserted',
      '  + users [2, "bob"]',
      'db-2 | globals: left; box.cfg: too_long_threshold',
    ])
  })
})
