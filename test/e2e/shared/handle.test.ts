import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { Project } from '../support/project.ts'
import { outcomes } from '../support/report.ts'
import { isJest, jests, vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const app = `
box.schema.space.create('kept', { if_not_exists = true }):create_index('pk', { if_not_exists = true })
function boom() error('boom') end
function say(text) require('log').info(text) end`

const what = `
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { inspect } from 'node:util'
import { BoxError, ConnectionError, LogTimeoutError, LuaError, useTarantool } from 'tarantool-fixture/vitest'
import { describe, expect, test, vi } from 'vitest'
const tarantool = useTarantool()
const address = { host: tarantool.host, port: tarantool.port }
const isAlive = pid => { try { return process.kill(pid, 0) } catch { return false } }
const samePlace = () => expect({ host: tarantool.host, port: tarantool.port }).toEqual(address)`

const properties = `${what}
test('properties', async () => {
  expect(tarantool.host).toBe('127.0.0.1')
  expect(tarantool.port).toBeGreaterThan(0)
  expect(tarantool.user).toBe('tester')
  expect(tarantool.credentials).toEqual({ user: 'tester', password: tarantool.password })
  expect(tarantool.uri).toBe('tester:' + tarantool.password + '@127.0.0.1:' + tarantool.port)
  expect(tarantool.consoleHost).toBe('unix/')
  expect(existsSync(tarantool.consolePort)).toBe(true)
  expect(existsSync(tarantool.workDir)).toBe(true)
  expect(tarantool.logFile.startsWith(tarantool.workDir)).toBe(true)
  expect(await tarantool.eval('return box.info.pid, box.info.version, box.session.user()'))
    .toEqual([tarantool.pid, tarantool.version, 'tester'])
  expect(await tarantool.eval('return box.cfg.listen')).toEqual(['127.0.0.1:' + tarantool.port])
})
test('can be looked at', () => {
  const { host, port, uri, name, version, isolation } = tarantool
  expect({ ...tarantool }).toEqual({ host, port, uri, name, version, isolation })
  const known = { name: 'default', host, port, uri: 'tester@' + host + ':' + port, version: version.text, isolation: 'reset' }
  expect(JSON.parse(JSON.stringify({ tarantool }))).toEqual({ tarantool: known })
  expect(inspect(tarantool)).toBe('TarantoolHandle ' + inspect(known))
})
describe('of another isolation', () => {
  useTarantool({ isolation: 'file' })
  test('says which', () => expect(tarantool.isolation).toBe('file'))
})
test('requests', async () => {
  expect(await tarantool.command('return 1, { a = { 2 } }')).toEqual([1, { a: [2] }])
  expect(await tarantool.eval('return ...', 1, 'two')).toEqual([1, 'two'])
  expect(await tarantool.call('math.max', 1, 5, 2)).toEqual([5])
})
test('errors of requests', async () => {
  for (const request of [() => tarantool.call('boom'), () => tarantool.eval('boom()'), () => tarantool.command('boom()')]) {
    const error = await request().catch(error => error)
    expect(error).toBeInstanceOf(LuaError)
    expect(error).not.toBeInstanceOf(BoxError)
    expect(error.luaMessage).toMatch(/boom$/)
    // The line that asked is the first that a runner shows.
    expect(error.stack.split('\\n').find(line => / at /.test(line))).toContain('properties.test')
  }
  const missing = await tarantool.call('no_such_function').catch(error => error)
  expect(missing).toBeInstanceOf(BoxError)
  expect(missing.boxCode).toBe(33)
})
test('the log: said in an earlier test', async () => {
  await tarantool.call('say', 'said earlier')
  expect(await tarantool.waitForLog('said earlier')).toContain('said earlier')
})
test('the log', async () => {
  await tarantool.call('say', 'said 1')
  await tarantool.call('say', 'said 2')
  expect((await tarantool.logs()).filter(line => line.includes('said')))
    .toEqual([expect.stringContaining('said 1'), expect.stringContaining('said 2')])
  expect(await tarantool.grepLog(/said \\d/)).toHaveLength(2)
  expect(await tarantool.grepLog('said earlier')).toEqual([])
  expect(await tarantool.grepLog('said earlier', { since: 0 })).toHaveLength(1)
  const waiting = tarantool.waitForLog(/said later/)
  await tarantool.call('say', 'said later')
  expect(await waiting).toContain('said later')
  const late = await tarantool.waitForLog('never said', { timeout: 50 }).catch(error => error)
  expect(late).toBeInstanceOf(LogTimeoutError)
})
test('fake timers, and left on', async () => {
  vi.useFakeTimers()
  expect(await tarantool.eval('return 1')).toEqual([1])
})
test('after fake timers', async () => {
  vi.useRealTimers()
  expect(await tarantool.eval('return 1')).toEqual([1])
})`

const lifecycle = `${what}
const rows = async () => (await tarantool.eval('return box.space.kept:count()'))[0]
let pid
test('restart keeps the data', async () => {
  pid = tarantool.pid
  await tarantool.eval('box.space.kept:insert({ 1 })')
  await tarantool.call('say', 'before the restart')
  await tarantool.restart()
  expect(tarantool.pid).not.toBe(pid)
  expect(isAlive(pid)).toBe(false)
  expect(await rows()).toBe(1)
  expect(await tarantool.grepLog('before the restart')).toHaveLength(1)
  samePlace()
})
test('restart with recreate does not', async () => {
  await tarantool.restart({ recreate: true })
  expect(await rows()).toBe(0)
  await tarantool.call('say', 'in the new log')
  expect(await tarantool.grepLog('in the new log')).toHaveLength(1)
  samePlace()
})
test('stop', async () => {
  pid = tarantool.pid
  await tarantool.eval('box.space.kept:insert({ 1 })')
  await tarantool.stop()
  expect(isAlive(pid)).toBe(false)
  await expect(tarantool.eval('return 1')).rejects.toThrow(ConnectionError)
})
test('after stop', async () => {
  expect(tarantool.pid).not.toBe(pid)
  expect(await rows()).toBe(0)
  samePlace()
})
test('stop and start', async () => {
  await tarantool.eval('box.space.kept:insert({ 1 })')
  await tarantool.stop()
  await tarantool.start()
  expect(await rows()).toBe(1)
  await tarantool.stop()
  await tarantool.start({ recreate: true })
  expect(await rows()).toBe(0)
  samePlace()
})
test('SIGKILL', async () => {
  pid = tarantool.pid
  await tarantool.eval('box.space.kept:insert({ 1 })')
  await tarantool.kill()
  expect(isAlive(pid)).toBe(false)
})
test('after SIGKILL', async () => {
  expect(tarantool.pid).not.toBe(pid)
  expect(await rows()).toBe(0)
  samePlace()
})
test('SIGKILL and start', async () => {
  await tarantool.eval('box.space.kept:insert({ 1 })')
  await tarantool.kill('SIGKILL')
  await tarantool.start()
  expect(await rows()).toBe(1)
  samePlace()
})
test('SIGTERM', async () => {
  pid = tarantool.pid
  // A shutdown that takes its time must not reach into the next test.
  await tarantool.eval('if box.ctl.on_shutdown then box.ctl.on_shutdown(function() require("fiber").sleep(0.3) end) end')
  await tarantool.kill('SIGTERM')
})
test('after SIGTERM', async () => {
  expect(isAlive(pid)).toBe(false)
  expect(tarantool.pid).not.toBe(pid)
  expect(await rows()).toBe(0)
  samePlace()
})
test('SIGTERM and start', async () => {
  await tarantool.eval('box.space.kept:insert({ 1 })')
  await tarantool.kill('SIGTERM')
  await tarantool.start()
  expect(await rows()).toBe(1)
})
test('SIGUSR1, which makes a snapshot', async () => {
  pid = tarantool.pid
  await tarantool.kill('SIGUSR1')
  await tarantool.waitForLog('saving snapshot')
})
test('after SIGUSR1', () => expect(tarantool.pid).toBe(pid))
test('pause and resume', async () => {
  const answer = tarantool.eval('return "awake"')
  await answer
  await tarantool.pause()
  let answered = false
  const frozen = tarantool.eval('return "awake"').then(result => { answered = true; return result })
  // The kernel takes what is sent to a frozen process: give an answer every chance to come.
  await new Promise(resolve => connect(tarantool.port, tarantool.host, resolve))
  expect(answered).toBe(false)
  await tarantool.resume()
  expect(await frozen).toEqual(['awake'])
})
test('pause', async () => {
  pid = tarantool.pid
  await tarantool.pause()
})
test('after pause', async () => {
  expect(await tarantool.eval('return box.info.pid')).toEqual([pid])
  samePlace()
})
test('stop while paused', async () => {
  await tarantool.pause()
  await tarantool.stop()
  expect(isAlive(pid)).toBe(false)
})
test('paused at the end', async () => {
  await tarantool.pause()
})`

const own = `${what}
import { dirname } from 'node:path'
const other = useTarantool({ config: { appLua: './test/lua/other.lua', boxCfg: { custom_proc_title: 'other' }, walMode: 'none' } })
const text = useTarantool({ config: { appLua: 'function which() return "text" end' } })
expect(() => other.host).toThrow(/first hook/)
let seen
beforeAll(() => { seen = other.port })
test('two servers of the file', async () => {
  expect(seen).toBe(other.port)
  expect(new Set([tarantool.port, other.port, text.port]).size).toBe(3)
  expect(await other.call('which')).toEqual(['other'])
  expect(await text.call('which')).toEqual(['text'])
  await expect(tarantool.call('which')).rejects.toThrow(BoxError)
  expect(await other.eval('return box.cfg.custom_proc_title, box.cfg.wal_mode')).toEqual(['other', 'none'])
  expect(await text.eval('return box.cfg.wal_mode')).toEqual(['write'])
})
test('they have a life, too', async () => {
  const { port } = other
  await other.kill()
  expect(await text.call('which')).toEqual(['text'])
  globalThis.port = port
})
test('and come back', async () => {
  expect(other.port).toBe(globalThis.port)
  expect(await other.call('which')).toEqual(['other'])
})
let pid
describe('a server of a describe', () => {
  const inner = useTarantool({ config: { appLua: 'function which() return "inner" end' } })
  test('is there', async () => {
    pid = inner.pid
    expect(await inner.call('which')).toEqual(['inner'])
  })
  afterAll(async () => {
    expect(await inner.call('which')).toEqual(['inner'])
  })
})
test('is gone after its describe', async () => {
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 5000)
})`.replace('describe, expect, test, vi', 'afterAll, beforeAll, describe, expect, test, vi')

const exportedTest = `
import { test } from 'tarantool-fixture/vitest'
import { inject } from 'vitest'
test('the exported test', async ({ tarantool, expect }) => {
  expect(tarantool.port).toBe(inject('tarantool').port)
  expect(await tarantool.eval('return 1')).toEqual([1])
})
const extended = test.extend({ sum: async ({ tarantool }, use) => use((await tarantool.eval('return 1 + 1'))[0]) })
extended('extended further', ({ sum, expect }) => expect(sum).toBe(2))`

const files = {
  'app.lua': app,
  'test/lua/other.lua': `require('helper')`,
  'test/lua/helper.lua': `function which() return 'other' end`,
  'test/properties.test.ts': properties,
  'test/lifecycle.test.ts': lifecycle,
  'test/own.test.ts': own,
}

describe.each([...vitests, ...jests])('$name', runner => {
  test('the handle', async () => {
    const config = `{ appLua: './app.lua', walMode: 'write', credentials: 'random' }`
    // Jest has no fixtures, and so the package exports no test for it.
    const tests = isJest(runner) ? files : { ...files, 'test/exported.test.ts': exportedTest }
    const { project, exitCode, output } = await runUnder(runner, { ...setUpWith(config, 'maxWorkers: 2'), ...tests })
    const wanted = Object.values(tests).flatMap(text => [...text.matchAll(/^ *(?:test|extended)\('([^']+)'/gm)])
    expect(output).not.toMatch(/Unhandled/)
    expect(outcomes(project)).toEqual(Object.fromEntries(wanted.map(([, title]) => [title, 'passed'])))
    expect(exitCode).toBe(0)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })

  test("lease: 'on-use'", async () => {
    const { project, exitCode } = await runUnder(runner, {
      ...setUpWith(`{ lease: 'on-use', isolation: 'restart' }`, 'maxWorkers: 1, fileParallelism: false'),
      ...(!isJest(runner) && {
        'exported.test.ts': `
        import { test } from 'tarantool-fixture/vitest'
        test('a first test', async ({ tarantool }) => { await tarantool.eval('mine = 1') })
        test('finds a fresh server', async ({ tarantool, expect }) => {
          expect(await tarantool.eval('return type(mine)')).toEqual(['nil'])
        })`,
      }),
      'use.test.ts': `
        import { LeaseError, useTarantool } from 'tarantool-fixture/vitest'
        import { inspect } from 'node:util'
        import { beforeAll, expect, test } from 'vitest'
        const tarantool = useTarantool()
        expect(() => tarantool.port).toThrow(LeaseError)
        expect(() => ({ ...tarantool })).toThrow(LeaseError)
        expect(tarantool.name).toBe('default')
        expect(() => tarantool.isolation).toThrow(LeaseError)
        expect(inspect(tarantool)).toMatch(/^TarantoolHandle \\(not leased yet\\) \\{[^]*name: 'default'/)
        expect(JSON.parse(JSON.stringify(tarantool))).toEqual({ name: 'default', version: tarantool.version.text })
        expect(() => tarantool.uri).toThrow(/not leased yet[^]*first hook/)
        let failure
        try { expect(tarantool).toBe(1) } catch (error) { failure = error }
        expect(failure.message).toMatch(/toBe|to be/)
        let port
        beforeAll(() => { port = tarantool.port })
        test('has it from the first hook on', () => expect(tarantool.port).toBe(port))`,
    })
    expect(outcomes(project)).toEqual({
      ...(!isJest(runner) && { 'a first test': 'passed', 'finds a fresh server': 'passed' }),
      'has it from the first hook on': 'passed',
    })
    expect(exitCode).toBe(0)
  })
})

describe.each(vitests)('$name', runner => {
  test.each(['list', 'parallel'])('a server of the file, with sequence.hooks %s', async hooks => {
    const project = new Project(runner, {
      ...setUpWith(`{}`, `sequence: { hooks: '${hooks}' }`),
      'own.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { afterAll, expect, test } from 'vitest'
        const own = useTarantool({ config: { appLua: 'function which() return "own" end' } })
        afterAll(async () => { expect(await own.call('which')).toEqual(['own']) })
        test('is there', async () => { expect(await own.call('which')).toEqual(['own']) })`,
    })
    const { exitCode, output } = await project.run()
    expect(output).toMatch(/1 passed/)
    expect(exitCode).toBe(0)
  })
})
