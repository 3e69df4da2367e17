import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  InvalidOptionError,
  LogTimeoutError,
  NotRunningError,
  RequestTimeoutError,
  StartTimeoutError,
  TarantoolSyncInstance,
} from '../../../src/index.ts'
import { isAlive, temporaryDirectory } from '../../support/instances.ts'
import { newSync, thrownBy } from './support.ts'

test('it starts, answers, says where it is, and stops, blocking', () => {
  const instance = newSync({ appLua: 'function add(a, b) return a + b end', title: 'mine', credentials: 'random' })
  expect([instance.state, instance.isRunning, instance.pid, instance.process]).toEqual([
    'new',
    false,
    undefined,
    undefined,
  ])
  expect(instance.start()).toBe(instance)
  expect([instance.state, instance.isRunning, instance.status()]).toEqual(['running', true, 'running'])
  expect(instance.call('add', 1, 2)).toEqual([3])
  expect(instance.eval('return ...', 'a', 'b')).toEqual(['a', 'b'])
  expect(instance.command('box.cfg.custom_proc_title')).toEqual(['mine'])
  const { host, port, credentials, uri, pid } = instance
  expect(uri).toBe(`${credentials?.user}:${credentials?.password}@${host}:${port}`)
  expect(instance.address.binary).toEqual({ host, port })
  expect([instance.consoleHost, instance.consolePort]).toEqual(['unix/', `${instance.workDir}/console.sock`])
  expect(instance.fingerprint).toBe(`Tarantool[${host}:${port}]`)
  expect(instance.version()).toEqual(instance.binVersion())
  instance.stop()
  expect([instance.state, instance.pid, isAlive(pid as number)]).toEqual(['stopped', undefined, false])
  expect(existsSync(instance.workDir)).toBe(false)
  expect(thrownBy(() => instance.eval('return 1'))).toBeInstanceOf(NotRunningError)
})

test('prepare, restart, kill and cleanup do what they do there', () => {
  const instance = newSync({ walMode: 'write' })
  expect(readFileSync(instance.prepare(), 'utf8')).toContain('box_cfg(')
  const { port } = instance
  instance.start({ recreate: false })
  instance.eval(
    "box.schema.space.create('s'):create_index('p'):insert{ 1 }".replace(
      ":create_index('p'):",
      ":create_index('p') box.space.s:",
    ),
  )
  expect(instance.restart()).toBe(instance)
  expect([instance.port, instance.eval('return box.space.s:count()')]).toEqual([port, [1]])
  instance.kill({ cleanup: false })
  expect(existsSync(instance.workDir)).toBe(true)
  instance.start({ recreate: false })
  expect(instance.eval('return box.space.s:count()')).toEqual([1])
  instance.terminate({ cleanup: false })
  instance.cleanup()
  expect(existsSync(instance.workDir)).toBe(false)
})

test('start({ wait: false }) returns with the process, ready() when it is', () => {
  const instance = newSync({ appLua: "while not go do require('fiber').sleep(0.001) end" })
  instance.start({ wait: false })
  expect(instance.state).toBe('starting')
  expect(thrownBy(() => instance.ready({ timeout: 1 }))).toBeInstanceOf(StartTimeoutError)
  instance.process?.sendSignal('SIGSTOP')
  instance.stop()
  expect(instance.state).toBe('stopped')
})

test('its processes are known apart', () => {
  const instance = newSync().start()
  const first = instance.process
  instance.restart()
  const second = instance.process
  expect([first?.exit, second?.exit]).toEqual([{ exitCode: 0, signal: undefined }, undefined])
  expect(second?.pid).toBe(instance.pid)
  expect(second?.exitWithin(1)).toBe(undefined)
  expect(second?.kill()).toBe(true)
  expect(second?.wait()).toEqual({ exitCode: undefined, signal: 'SIGKILL' })
  expect(instance.waitStopped()).toEqual({ exitCode: undefined, signal: 'SIGKILL' })
  expect([second?.signal, instance.state]).toEqual(['SIGKILL', 'failed'])
})

test('what is changed is undone by reset', () => {
  const instance = newSync({ recordChanges: true }).start()
  const { pid } = instance
  instance.eval("box.schema.space.create('s')")
  instance.reset()
  expect([instance.pid, instance.eval('return box.space.s == nil')]).toEqual([pid, [true]])
})

test('getRandomPort gives a free port', () => {
  const port = TarantoolSyncInstance.getRandomPort()
  expect(newSync({ port }).start().port).toBe(port)
})

test('an instance is disposed of', () => {
  const instance = newSync().start()
  const pid = instance.pid as number
  instance[Symbol.dispose]()
  expect(isAlive(pid)).toBe(false)
})

test('the variables of the environment are those of the moment', () => {
  process.env.SYNC_TEST_VARIABLE = 'first'
  newSync().start()
  process.env.SYNC_TEST_VARIABLE = 'second'
  expect(newSync().start().eval("return os.getenv('SYNC_TEST_VARIABLE')")).toEqual(['second'])
})

describe('a call that times out throws, and leaves the instance usable', () => {
  const sleep = "require('fiber').sleep(0.4) slept = (slept or 0) + 1"

  test.each([
    { what: 'eval', call: (instance: TarantoolSyncInstance) => instance.eval(sleep) },
    { what: 'call', call: (instance: TarantoolSyncInstance) => instance.call('doze') },
    { what: 'command', call: (instance: TarantoolSyncInstance) => instance.command(sleep) },
    {
      what: 'command with a time of its own',
      call: (instance: TarantoolSyncInstance) => instance.command(sleep, { timeout: 49 }),
    },
    { what: 'waitStopped', call: (instance: TarantoolSyncInstance) => instance.waitStopped() },
    { what: 'waiting for its process', call: (instance: TarantoolSyncInstance) => instance.process?.wait() },
  ])('$what', ({ call }) => {
    const instance = newSync({ appLua: `function doze() ${sleep} end` }).start()
    instance.requestTimeout = 50
    const error = thrownBy(() => call(instance))
    expect(error).toBeInstanceOf(RequestTimeoutError)
    expect(error.message).toMatch(/Tarantool\[.*\] did not answer .* within (?:50|49) ms/)
    instance.requestTimeout = 60_000
    // The reply to the first comes before this one's, and is nobody's.
    expect(
      instance.eval(
        "while box.info.status and (slept or 0) < (...) do require('fiber').sleep(0.01) end return 'alive'",
        /^wait/.test(error.message.split('answer ')[1] ?? '') ? 0 : 1,
      ),
    ).toEqual(['alive'])
    expect(instance.command('1')).toEqual([1])
  })

  test('also when its Lua never yields: it can be stopped', () => {
    const instance = newSync({ stopTimeout: 100 }).start()
    instance.requestTimeout = 50
    expect(thrownBy(() => instance.eval('while true do end'))).toBeInstanceOf(RequestTimeoutError)
    instance.stop()
    instance.requestTimeout = 5000
    expect(instance.start().eval('return 1')).toEqual([1])
  })

  test('the limit is a number of milliseconds', () => {
    const instance = newSync()
    for (const wrong of [0, -1, Number.NaN, '5' as never]) {
      expect(thrownBy(() => Object.assign(instance, { requestTimeout: wrong }))).toBeInstanceOf(InvalidOptionError)
    }
    instance.requestTimeout = Number.POSITIVE_INFINITY
    expect(instance.start().eval('return 1')).toEqual([1])
  })
})

describe('log and logger', () => {
  test('the log is read like the other', () => {
    const instance = newSync().start()
    const since = instance.log.offset
    instance.eval("require('log').info('one %d', 1)")
    expect(instance.waitForLog(/one \d/)).toMatch(/one 1$/)
    expect(instance.logs({ since }).filter(line => line.includes('one'))).toHaveLength(1)
    expect(instance.grepLog('one 1')).toEqual(instance.log.grep(/one 1/))
    expect(instance.log.lines({ since })).toContain(instance.log.waitFor('one 1'))
    expect(instance.log.text({ since })).toMatch(/one 1\n/)
    expect(instance.log.path).toBe(instance.logFile)
    expect(thrownBy(() => instance.waitForLog('two', { timeout: 10 }))).toBeInstanceOf(LogTimeoutError)
  })

  test('logger has each line of the life when stop returns, also when nobody let Node get to its events', () => {
    const lines: string[] = []
    const instance = newSync({ keep: 'always', root: temporaryDirectory(), logger: line => lines.push(line) })
    instance.start()
    instance.eval("for i = 1, 1000 do require('log').info('line %d', i) end")
    instance.stop()
    expect(lines).toEqual(instance.logs())
    expect(lines.filter(line => /line \d+$/.test(line))).toHaveLength(1000)
  })

  test('logger gets lines while a method still blocks', () => {
    const seen: string[] = []
    const instance = newSync({
      logger: line => {
        if (line.includes('now')) seen.push(instance.state)
      },
      appLua: "require('log').info('now') while not go do require('fiber').sleep(0.001) end",
      timeout: 2000,
    })
    expect(thrownBy(() => instance.start())).toBeInstanceOf(StartTimeoutError)
    // The logger asked the instance in the middle of its own start.
    expect(seen).toEqual(['starting'])
  })

  test('logger gets lines while nothing blocks, by the events', async () => {
    let found: (line: string) => void = () => {}
    const line = new Promise<string>(resolve => {
      found = resolve
    })
    const instance = newSync({ logger: text => text.includes('later') && found(text) }).start()
    instance.eval("require('fiber').create(function() require('fiber').sleep(0.1) require('log').info('later') end)")
    expect(await line).toMatch(/later$/)
  })

  test('a logger that throws is a warning and stops nothing', async () => {
    const warned = new Promise<Error>(resolve => process.once('warning', resolve))
    const instance = newSync({
      logger: () => {
        throw new Error('from the logger')
      },
    }).start()
    expect(instance.eval('return 1')).toEqual([1])
    expect((await warned).message).toContain('from the logger')
  })
})

test('several live side by side, and beside one that is started without waiting', () => {
  const instances = [1, 2, 3].map(number => newSync({ appLua: `number = ${number}` }))
  for (const instance of instances) instance.start({ wait: false })
  for (const instance of instances) instance.ready()
  expect(instances.map(instance => instance.eval('return number')[0])).toEqual([1, 2, 3])
  instances[1]?.stop()
  expect(instances.map(({ state }) => state)).toEqual(['running', 'stopped', 'running'])
})
