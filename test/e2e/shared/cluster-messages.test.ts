import { describe, expect, test } from 'vitest'
import { appOfMembers } from '../../support/clusters.ts'
import { runUnder } from '../support/as-jest.ts'
import { oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const head = `
import { BoxError, InvalidOptionError, NotRunningError, useTarantool } from 'tarantool-fixture/vitest'
import { describe, expect, test } from 'vitest'
const db = useTarantool('db')
const replica = db.instance('db-2')
const one = useTarantool('one')
const names = 'Instances: db-1, db-2, db-3.'
`

const refusals = `${head}
const takes = (call, as = '') => call + ' takes an instance of the cluster, or its name' + as + ', not '
const values = [[undefined, 'undefined'], [null, 'null'], [5, '5'], [{}, 'an object'], [[], 'an array']]
describe.each([...values, [Promise.resolve(), 'a promise']])('%j', (value, text) => {
  const hint = (text === 'a promise' ? 'Await the promise. ' : '') + names
  const refused = async (call, request) =>
    await expect(request()).rejects.toMatchObject({ code: InvalidOptionError.code, summary: call + text, hint })
  test('is no instance', async () => {
    await refused(takes('link(from, to)', " as 'to'"), () => db.link('db-1', value).cut())
    await refused(takes('link(from, to)', " as 'from'"), () => db.link(value, 'db-1').cut())
    await refused(takes('remove(member)'), () => db.remove(value))
    await refused(takes('partition()'), () => db.partition(['db-1'], [value]))
    if (value !== undefined) {
      await refused(takes('waitForLeader({ not })'), () => db.waitForLeader({ not: value }))
      await refused(takes('waitForVclock(of)'), () => db.waitForVclock(value))
    }
  })
})
test('a handle of no instance', async () => {
  const leader = db.leader()
  const strange = [[undefined, 'undefined'], [null, 'undefined'], [5, '5'], [replica, 'an object of the class TarantoolHandle'], [leader, 'a promise']]
  for (const [value, text] of strange) {
    const summary = 'instance(name) takes the name of an instance, not ' + text
    const hint = (text === 'a promise' ? 'Await the promise. ' : '') + names
    await expect(db.instance(value).call('count_users')).rejects.toMatchObject({ summary, hint })
  }
  await expect(db.instance('db-4').call('count_users')).rejects.toThrow("is named 'db-4'")
  await expect(db.leader(5)).rejects.toMatchObject({ hint: 'Replica sets: db.' })
  await leader
})
test('options that do not reach the main process', async () => {
  const refused = async (request, summary) =>
    await expect(request()).rejects.toMatchObject({ code: InvalidOptionError.code, summary })
  const text = ', which cannot be sent from a test file'
  await refused(() => db.waitForLeader({ timeout: NaN }), "waitForLeader(): 'timeout' is NaN" + text)
  await refused(() => db.waitForVclock('db-1', { timeout: 5n }), "waitForVclock(): 'timeout' is a bigint" + text)
  await refused(() => db.waitForFullMesh(5n), 'waitForFullMesh(): the options must be an object, not 5n')
  await refused(() => db.addReplica({ appLua: () => {} }), "addReplica(): 'appLua' is a function" + text)
})
test('a link to nowhere', async () => {
  const summary = "link(from, to) takes an instance of the cluster, or its name as 'to', not undefined"
  await expect(db.link('db-1').cut()).rejects.toMatchObject({ summary, hint: names })
  await expect(db.link('db-1', 'db-9').cut()).rejects.toMatchObject({
    summary: "no link leads from 'db-1' to 'db-9'", hint: "Links from 'db-1' lead to: 'db-2', 'db-3'.",
  })
})
test('groups that are none', async () => {
  const hint = "Such as partition(['db-1'], ['db-2', 'db-3'])."
  await expect(db.partition()).rejects.toMatchObject({ hint })
  await expect(db.partition('db-1', 'db-2')).rejects.toMatchObject({ hint })
  await expect(db.partition(['db-1'], ['db-1'])).rejects.toThrow("'db-1' is named twice")
})
test('faults that are none', async () => {
  const refused = async (options, summary, hint) =>
    await expect(db.faults(options, () => {})).rejects.toMatchObject({ code: InvalidOptionError.code, summary, hint })
  await refused({ longest: -1 }, expect.stringMatching(/'longest' takes milliseconds above 0.* not -1$/),
    expect.stringContaining('Leave it out for 200 ms.'))
  await refused({ kinds: ['kil'] }, "faults(): there is no kind 'kil'", 'Kinds: kill, pause, cut, delay.')
  await expect(one.faults({ kinds: ['cut'] }, () => {})).rejects.toMatchObject({
    code: InvalidOptionError.code,
    summary: "faults(): 'cut' is a fault of a link, and server 'one' has no links, because it was started without the option 'links'",
    hint: 'Give it the option: links: true in the config of the server.',
  })
})
const pause = () => new Promise(resolve => setTimeout(resolve, 2))
test('faults of what a test has stopped', async () => {
  const refused = async (server, which) =>
    await expect(server.faults({ seed: 1 }, () => {})).rejects.toMatchObject({
      code: NotRunningError.code, summary: expect.stringMatching(which), hint: 'Start it first with start().',
    })
  await one.stop()
  await refused(one, /^faults\\(\\): Tarantool\\[.*\\] does not run$/)
  await replica.stop()
  await refused(db, /^faults\\(\\): Tarantool db-2\\[.*\\] does not run$/)
  await replica.start()
  await expect(db.faults({ seed: 1, longest: 5, kinds: ['pause'] }, async run => {
    await replica.kill()
    const before = run.made.length
    while (run.made.length < before + 20) await pause()
    expect(run.made.slice(before).filter(fault => fault.startsWith('pause db-2'))).toEqual([])
    throw new Error('the client gave up')
  })).rejects.toThrow(/Not made: .* of db-2, which did not run$/)
})
`

const requests = `${head}
test('a write to a read-only member', async () => {
  const hint = "'db-2' is a read-only member of the replica set 'db': its leader is 'db-1', which leader() finds."
  for (const write of [() => replica.call('add_user', 1, 'ann'), () => replica.command("add_user(1, 'ann')")]) {
    const error = await write().catch(reason => reason)
    expect(error).toBeInstanceOf(BoxError)
    expect(error).toMatchObject({ boxCode: 7, hint })
    expect(error.stack).toMatch(/requests\\.test/)
  }
  await db.instance('db-1').command('box.cfg({ read_only = true })')
  await expect(replica.call('add_user', 1, 'ann')).rejects.toThrow('no member of it is writable')
})
test.each([false, true])('a request to a paused member, with a connection: %s', async isConnected => {
  if (isConnected) await replica.command('true')
  await replica.pause()
  await expect(replica.command('return 1', { timeout: 50 })).rejects.toMatchObject({
    code: 'ERR_TARANTOOL_REQUEST_TIMEOUT',
    summary: expect.stringMatching(/ within 50 ms: the server is paused$/),
    hint: "instance('db-2').resume() lets it run again.",
  })
  await expect(db.waitForFullMesh({ timeout: 50 })).rejects.toThrow("'db-2' is paused")
  await replica.resume()
  expect(await replica.command('return 1')).toEqual([1])
})
test('the leader is paused', async () => {
  await db.pause()
  await expect(db.call('count_users')).rejects.toThrow("'db-2', 'db-3' are read-only, and 'db-1' is paused")
  await expect(db.leader()).rejects.toThrow("'db-1' is paused")
  await db.resume()
  expect(await db.call('count_users')).toEqual([0])
})
test('a member that a test has stopped', async () => {
  await replica.stop()
  await expect(replica.call('count_users')).rejects.toMatchObject({
    code: 'ERR_TARANTOOL_CONNECTION', summary: expect.stringMatching(/: a test or hook has stopped the server$/),
    hint: "instance('db-2').start() starts it again. The next test finds a running server.",
  })
})
test.each(['SIGFOO', '', null, 9])('a signal that is none: %j', async signal => {
  for (const server of [replica, one]) {
    await expect(server.kill(signal)).rejects.toThrow(/ERR_TARANTOOL_(INVALID_OPTION|PROTOCOL)/)
    expect(await server.eval('return 1')).toEqual([1])
  }
})
test('a single server is paused', async () => {
  await one.pause()
  await expect(one.command('return 1', { timeout: 50 })).rejects.toMatchObject({
    summary: expect.stringMatching(/: the server is paused$/), hint: 'resume() lets it run again.',
  })
  await one.resume()
  expect(await one.command('return 1')).toEqual([1])
})
`

const failing = `${head}
const linked = useTarantool('linked')
test('fails', async () => {
  await replica.pause()
  await db.link('db-3', 'db-1').cut()
  await db.instance('db-3').link.delay(7)
  await linked.link.hang()
  await one.pause()
  throw new Error('as is to be shown')
})
test('takes too long', async () => {
  await replica.eval('return 1')
  await replica.pause()
  await replica.eval('return 1')
}, 500)
test('fails without a fault', () => { throw new Error('without a fault') })
`

describe.each(oneOfEach)('$name', runner => {
  const setup = setUpWith(
    `{ maxServers: 1, servers: { one: {}, linked: { links: true }, db: { replicas: 3, links: true, appLua: ${JSON.stringify(appOfMembers)} } } }`,
  )

  test.each([
    ['bad input names the call, the value and what exists', { 'refusals.test.ts': refusals }],
    ['requests that cannot be carried out name the member', { 'requests.test.ts': requests }],
  ])('%s', async (_, files) => {
    const { exitCode, output, project } = await runUnder(runner, { ...setup, ...files })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('a failure shows the faults that held', async () => {
    const { output, project } = await runUnder(runner, { ...setup, 'failing.test.ts': failing })
    const shown = output.replaceAll(/^ +/gm, '')
    expect(shown).toContain(`These faults held when it failed:
'db-2' is paused: instance('db-2').resume() lets it run again.`)
    expect(shown).toMatch(/\nTarantool\[.*\] is paused: resume\(\) lets it run again\./)
    expect(shown).toMatch(/\nthe link of Tarantool\[.*\] hangs: heal\(\) ends that\./)
    expect(shown).toContain("the link from 'db-3' to 'db-1' is cut: heal() ends that.")
    expect(shown).toContain("the link of 'db-3' is delayed by 7 ms: heal() ends that.")
    expect(shown.split('fails without a fault').at(-1)).not.toContain('These faults held')
    expect(project.leftBehind()).toEqual([])
  })
})
