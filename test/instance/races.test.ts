import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { NotRunningError, ServerExitedError, StartAbortedError, type TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, isAlive, newInstance, startInstance, temporaryDirectory } from '../support/instances.ts'
import { serversBelow } from '../support/processes.ts'

const slowApp = "require('fiber').sleep(100)"

/** Node runs an event loop's turn each: a start takes some dozens. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: Error) => error.name,
  )

test.each(['stop', 'kill'] as const)('%s at any moment of a start leaves nothing', async end => {
  const root = temporaryDirectory()
  for (let moment = 0; moment < 24; moment++) {
    const instance = newInstance({ root })
    const started = outcomeOf(instance.start())
    await turns(moment)
    await instance[end]()
    expect(await started).toMatch(/^(done|StartAbortedError)$/)
    expect(instance.state).toBe('stopped')
    expect(instance.pid).toBeUndefined()
    expect(contentOf(root)).toEqual([])
  }
  if (process.platform === 'linux') expect(serversBelow(root)).toEqual([])
})

interface Mix {
  what: string
  run: (instance: TarantoolInstance) => Promise<unknown>[]
  outcomes: string[]
  state: string
}

// The last of the calls decides what comes of it.
test.each<Mix>([
  {
    what: 'stop, start, stop',
    run: instance => [instance.stop(), instance.start(), instance.stop()],
    outcomes: ['done', 'StartAbortedError', 'done'],
    state: 'stopped',
  },
  {
    what: 'restart, stop',
    run: instance => [instance.restart(), instance.stop()],
    outcomes: ['StartAbortedError', 'done'],
    state: 'stopped',
  },
  {
    what: 'restart, kill',
    run: instance => [instance.restart(), instance.kill()],
    outcomes: ['StartAbortedError', 'done'],
    state: 'stopped',
  },
  {
    what: 'stop, restart',
    run: instance => [instance.stop(), instance.restart()],
    outcomes: ['done', 'done'],
    state: 'running',
  },
  {
    what: 'restart, restart, start',
    run: instance => [instance.restart(), instance.restart(), instance.start()],
    outcomes: ['done', 'done', 'done'],
    state: 'running',
  },
  {
    what: 'stop, start, start',
    run: instance => [instance.stop(), instance.start(), instance.start({ wait: false })],
    outcomes: ['done', 'done', 'done'],
    state: 'running',
  },
  {
    what: 'dispose, dispose',
    run: instance => [instance[Symbol.asyncDispose](), instance[Symbol.asyncDispose]()],
    outcomes: ['done', 'done'],
    state: 'stopped',
  },
])('$what', async ({ run, outcomes, state }) => {
  const root = temporaryDirectory()
  const instance = await startInstance({ root })
  expect(await Promise.all(run(instance).map(outcomeOf))).toEqual(outcomes)
  await instance.ready().catch(() => {})
  expect(instance.state).toBe(state)
  if (state === 'running') expect(await instance.eval('return 1')).toEqual([1])
  await instance.stop()
  expect(contentOf(root)).toEqual([])
})

test('a restart of an instance that is starting begins anew, and one that never ran is a start', async () => {
  const fresh = newInstance()
  await fresh.restart()
  expect(fresh.isRunning).toBe(true)
  const instance = newInstance({ appLua: "require('fiber').sleep(0.1)" })
  const started = outcomeOf(instance.start())
  await instance.restart()
  expect(await started).toBe('StartAbortedError')
  expect(await instance.eval('return 1')).toEqual([1])
})

test('a stop aborts a start with an error that says so, with the log', async () => {
  const instance = newInstance({ appLua: `require('log').info('so far') ${slowApp}` })
  await instance.start({ wait: false })
  await instance.waitForLog('so far')
  const ready = instance.ready()
  const [outcome] = await Promise.allSettled([ready, instance.stop()])
  expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(StartAbortedError)
  expect((outcome as PromiseRejectedResult).reason.message).toMatch(/aborted by a stop(.|\n)*so far/)
})

test('a start that is stopped is no failure: keep on-failure keeps nothing', async () => {
  const root = temporaryDirectory()
  const instance = newInstance({ root, keep: 'on-failure', appLua: slowApp })
  const started = outcomeOf(instance.start())
  await instance.start({ wait: false })
  await instance.stop()
  expect(await started).toBe('StartAbortedError')
  expect(contentOf(root)).toEqual([])
})

test('ready does not end a server that it does not see ready', async () => {
  const instance = newInstance({ appLua: slowApp })
  await instance.start({ wait: false })
  await expect(instance.ready({ timeout: 1 })).rejects.toThrow('not ready after 1 ms')
  expect(instance.state).toBe('starting')
  expect(isAlive(instance.pid ?? 0)).toBe(true)
})

test('a crash while it is being stopped is an end like any other', async context => {
  skipWithout('triggers of a shutdown', context)
  const root = temporaryDirectory()
  const instance = await startInstance({
    root,
    appLua: "box.ctl.on_shutdown(function() require('ffi').C.raise(6) end) require('ffi').cdef('int raise(int)')",
  })
  await instance.stop()
  expect(instance.state).toBe('stopped')
  expect(instance.process?.signal).toBe('SIGABRT')
  expect(contentOf(root)).toEqual([])
})

test('after a crash, every call says at once how the server ended, with its log', async () => {
  const instance = await startInstance({ appLua: "require('log').info('the last words')" })
  await expect(instance.eval("require('ffi').cdef('int raise(int)') require('ffi').C.raise(9)")).rejects.toThrow(
    ServerExitedError,
  )
  for (const call of [instance.eval('return 1'), instance.command('1'), instance.call('f')]) {
    const failure = (await call.catch((error: unknown) => error)) as NotRunningError
    expect(failure).toBeInstanceOf(NotRunningError)
    expect(failure.message).toMatch(/ended by itself: signal SIGKILL(.|\n)*the last words/)
  }
  await expect(instance.ready()).rejects.toThrow(ServerExitedError)
  await instance.start()
  expect(await instance.eval('return 1')).toEqual([1])
})

test('prepare does not touch an instance that has begun to start meanwhile', async () => {
  const instance = newInstance()
  const prepared = outcomeOf(instance.prepare())
  await instance.start()
  expect(await prepared).toBe('NotRunningError')
  expect(await instance.eval('return 1')).toEqual([1])
})

test('a prepare that fails leaves no directory', async () => {
  const root = temporaryDirectory()
  await expect(newInstance({ root, initLuaTemplate: '<% no %>' }).prepare()).rejects.toThrow("unknown name 'no'")
  expect(contentOf(root)).toEqual([])
})

test('a root that vanishes under a server hinders neither its stop nor its next start', async () => {
  const root = join(temporaryDirectory(), 'root')
  const instance = await startInstance({ root })
  rmSync(root, { recursive: true })
  expect(await instance.eval('return 1')).toEqual([1])
  expect(await instance.logs()).toEqual([])
  await instance.restart()
  expect(await instance.eval('return 1')).toEqual([1])
  rmSync(root, { recursive: true })
  await instance.stop()
  expect(existsSync(root)).toBe(false)
})
