import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { NotRunningError, ServerExitedError, ServerKilledError, type TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import {
  contentOf,
  isAlive,
  newInstance,
  startInstance,
  temporaryDirectory,
  useOwnCache,
} from '../support/instances.ts'

useOwnCache()

const log = (text: string): string => `require('log').info('${text}')`
const exit = "require('ffi').cdef('void _exit(int)') require('ffi').C._exit(7)"
const app = `box.schema.space.create('s', { if_not_exists = true }):create_index('p', { if_not_exists = true }) ${log('the last words')}`

async function failureOf(promise: Promise<unknown>): Promise<ServerExitedError> {
  const failure = await promise.then(
    () => expect.fail('it was done'),
    error => error as ServerExitedError,
  )
  expect(failure).toBeInstanceOf(ServerExitedError)
  return failure
}

/** Whatever it died of, it does not run, says so, and can be started again. */
async function expectDead(instance: TarantoolInstance): Promise<void> {
  expect([instance.state, instance.isRunning, instance.pid]).toEqual(['failed', false, undefined])
  await expect(instance.ready()).rejects.toThrow(ServerExitedError)
  await expect(instance.eval('return 1')).rejects.toThrow(NotRunningError)
}

async function expectStarts(instance: TarantoolInstance, root: string): Promise<void> {
  await instance.start()
  expect(await instance.eval('return 1')).toEqual([1])
  await instance.stop()
  expect(contentOf(root)).toEqual([])
}

/** Ends a server, and returns when the system has ended it, all of its threads; Node has not heard of it then. */
function killNow(pid: number): void {
  process.kill(pid, 'SIGKILL')
  // The parent may have waited for it meanwhile.
  while (process.platform === 'linux' && (isAlive(pid) || contentOf(`/proc/${pid}/task`).length > 1));
}

/** Waits, turn by turn, until the template of a seed is being written. */
async function templateIsBeingKept(): Promise<void> {
  const templates = join(process.env.TARANTOOL_FIXTURE_CACHE ?? '', 'templates')
  for (;;) {
    await nextTurn()
    try {
      if (readdirSync(templates).some(name => name.startsWith('.partial'))) return
    } catch {
      // No directory yet.
    }
  }
}

describe('a server that dies', () => {
  test('before it is ready', async () => {
    const root = temporaryDirectory()
    const instance = newInstance({ root, appLua: `${log('the last words')} require('fiber').sleep(100)` })
    await instance.start({ wait: false })
    const ready = failureOf(instance.ready())
    await instance.waitForLog('the last words')
    killNow(instance.pid as number)
    const failure = await ready
    expect(failure).toBeInstanceOf(ServerKilledError)
    expect([failure.signal, failure.logTail.join()]).toEqual(['SIGKILL', expect.stringContaining('the last words')])
    await expectDead(instance)
    expect(contentOf(root)).toEqual([])
  })

  test('when it is ready, while a template of its data is kept', async () => {
    const root = temporaryDirectory()
    const instance = newInstance({ root, appLua: app, seed: { s: [[1]] } })
    const [failure] = await Promise.all([
      failureOf(instance.start()),
      templateIsBeingKept().then(() => killNow(instance.pid as number)),
    ])
    expect(failure.summary).toMatch(/^Tarantool\[.*\] has ended by itself right after it was ready: signal SIGKILL$/)
    expect([failure.signal, failure.logTail.join()]).toEqual(['SIGKILL', expect.stringContaining('the last words')])
    await expectDead(instance)
    expect(contentOf(root)).toEqual([])
    await expectStarts(instance, root)
  })

  test('when it is ready, and its start was not waited for', async () => {
    const instance = newInstance({ appLua: app, seed: { s: [[1]] } })
    await instance.start({ wait: false })
    const joined = failureOf(instance.start())
    await templateIsBeingKept()
    killNow(instance.pid as number)
    await failureOf(instance.ready())
    await joined
    await expectDead(instance)
  })

  test('while it runs', async () => {
    const root = temporaryDirectory()
    const instance = await startInstance({ root, appLua: app })
    killNow(instance.pid as number)
    await failureOf(instance.eval('return 1'))
    await expectDead(instance)
    await expectStarts(instance, root)
  })

  test.for(['stop', 'kill', 'restart'] as const)('by itself during a %s', async (end, context) => {
    skipWithout('triggers of a shutdown', context)
    const root = temporaryDirectory()
    const instance = await startInstance({ root, appLua: `box.ctl.on_shutdown(function() ${exit} end)` })
    await instance[end]()
    expect(instance.state).toBe(end === 'restart' ? 'running' : 'stopped')
    await instance.stop()
    expect(contentOf(root)).toEqual([])
  })

  test('at the start of a restart', async () => {
    const directory = temporaryDirectory()
    const root = join(directory, 'root')
    const appLua = join(directory, 'app.lua')
    writeFileSync(appLua, '')
    const instance = await startInstance({ root, appLua })
    writeFileSync(appLua, `${log('the last words')} ${exit}`)
    const failure = await failureOf(instance.restart())
    expect([failure.exitCode, failure.logTail.join()]).toEqual([7, expect.stringContaining('the last words')])
    await expectDead(instance)
    writeFileSync(appLua, '')
    await expectStarts(instance, root)
  })

  test.each([
    { when: 'while it stands by', lua: undefined },
    { when: 'while it takes over', lua: `require('tarantool-fixture').take_over = function() ${exit} end` },
  ])('as a spare $when', async ({ lua }) => {
    const root = temporaryDirectory()
    const first = await startInstance({ root })
    const spare = newInstance({ root, port: first.port, appLua: log('the last words') })
    await spare.standBy()
    if (lua !== undefined) await spare.command(lua)
    else killNow(spare.pid as number)
    await first.kill()
    // One whose end has been heard of does not run.
    const failure = (await spare.takeOver().catch(error => error)) as ServerExitedError | NotRunningError
    expect([ServerExitedError, NotRunningError].some(kind => failure instanceof kind)).toBe(true)
    expect(failure.logTail.join()).toContain('the last words')
    await expectDead(spare)
    await spare.kill()
    expect(contentOf(root)).toEqual([])
  })
})

test('a stop that comes while a template is kept calls the start off', async () => {
  const root = temporaryDirectory()
  const instance = newInstance({ root, appLua: app, seed: { s: [[1]] } })
  const started = instance.start()
  await templateIsBeingKept()
  const [outcome] = await Promise.allSettled([started, instance.stop()])
  expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'StartAbortedError' } })
  expect([instance.state, contentOf(root)]).toEqual(['stopped', []])
})
