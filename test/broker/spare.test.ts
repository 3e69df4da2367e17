import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { LeasableServer } from '../../src/broker/leasable-server.ts'
import type { LeasedServerInfo } from '../../src/broker/leased-info.ts'
import { Pool } from '../../src/broker/pool.ts'
import { Spare } from '../../src/broker/spare.ts'
import type { ServerOptions } from '../../src/config/server-options.ts'
import { InitScriptError, NotRunningError } from '../../src/errors.ts'
import type { TarantoolInstance } from '../../src/instance/instance.ts'
import { readKept } from '../../src/instance/kept/manifest.ts'
import { ServerConnections } from '../../src/protocol/connections.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, isAlive, newInstance, startInstance } from '../support/instances.ts'
import { type RunningProcess, serversBelow } from '../support/processes.ts'
import { resolvedServer } from '../support/resolved.ts'

// What is registered after it runs before it: pools are closed while their directory is there.
function makeRoot(): string {
  const directory = mkdtempSync(join(tmpdir(), 'fixture-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A pool in a directory of its own, which is empty when it is closed. */
function makePool(server: ServerOptions): { pool: Pool; root: string } {
  const root = makeRoot()
  const pool = new Pool({ name: 'default', server: resolvedServer({ root, ...server }), root })
  onTestFinished(async () => {
    expect(await pool.close()).toEqual([])
    expect(serversBelow(root)).toEqual([])
    if (server.keep === undefined) expect(contentOf(root)).toEqual([])
  })
  return { pool, root }
}

/** Lua that keeps a server from writing snapshots. */
const noSnapshot = "box.once('data', function() end) box.snapshot = function() error('no snapshot today') end"

/** The app says in a file that it was loaded: `ready(2)` waits for the second time. */
function countingApp(root: string): { appLua: string; ready: (count: number) => Promise<void> } {
  const mark = join(root, 'loaded-')
  return {
    appLua: `local n = 1 while io.open('${mark}' .. n) do n = n + 1 end io.open('${mark}' .. n, 'w'):close() LOADED = n`,
    ready: count => expect.poll(() => existsSync(mark + count), { timeout: 10_000 }).toBe(true),
  }
}

async function evaluate({ address }: LeasedServerInfo, lua: string): Promise<unknown[]> {
  const connections = new ServerConnections(address)
  try {
    return await connections.eval(lua, [])
  } finally {
    connections.close()
  }
}

/** Connects as a client of the code under test, not as the fixture. */
async function openAndClose({ port, host }: LeasedServerInfo): Promise<void> {
  const socket = connect(Number(port), host)
  await once(socket, 'data')
  socket.destroy()
}

/** The process of a pool's directory that is not the leased server's. */
async function spareOf(root: string, server: LeasableServer): Promise<RunningProcess> {
  const others = (): RunningProcess[] => serversBelow(root).filter(({ pid }) => pid !== server.info().pid)
  await expect.poll(() => others().length, { timeout: 10_000 }).toBe(1)
  return others()[0] as RunningProcess
}

describe("a server with isolation: 'process'", () => {
  test.each<ServerOptions>([{}, { host: 'unix/' }, { credentials: 'random' }, { consoleHost: '127.0.0.1' }])(
    'is replaced by the spare that waits, on the same address: %j',
    async options => {
      const { pool, root } = makePool({ isolation: 'process', ...options })
      const { server } = await pool.lease(1)
      const before = server.info()
      await evaluate(before, "box.schema.space.create('left') LEFT = true")
      const spare = await spareOf(root, server)
      const after = await server.renew()
      expect(after.pid).toBe(spare.pid)
      expect([after.uri, after.leasedBefore]).toEqual([before.uri, false])
      expect(isAlive(before.pid)).toBe(false)
      expect(await evaluate(after, 'return box.info.pid, LEFT == nil, box.space.left == nil')).toEqual([
        spare.pid,
        true,
        true,
      ])
      if (options.consoleHost) expect(after.consolePort).toBe(before.consolePort)
      await expect.poll(() => existsSync(before.workDir)).toBe(false)
      // And again, with the next one.
      expect((await server.renew()).uri).toBe(before.uri)
    },
  )

  test('waits for a spare that is still starting', async () => {
    const directory = makeRoot()
    const gate = join(directory, 'gate')
    const { appLua, ready } = countingApp(directory)
    const wait = `${appLua} while LOADED == 2 and not io.open('${gate}') do require('fiber').sleep(0.01) end`
    const { pool } = makePool({ isolation: 'process', appLua: wait })
    const { server } = await pool.lease(1)
    await ready(2)
    const renewed = server.renew()
    writeFileSync(gate, '')
    expect(await evaluate(await renewed, 'return LOADED')).toEqual([2])
  })

  test('is started in the usual way when the spare cannot listen', async () => {
    const { pool, root } = makePool({
      isolation: 'process',
      appLua: "require('tarantool-fixture').take_over = function() error('no') end",
    })
    const { server } = await pool.lease(1)
    const spare = await spareOf(root, server)
    const after = await server.renew()
    expect(after.pid).not.toBe(spare.pid)
    expect(isAlive(spare.pid)).toBe(false)
    expect(await evaluate(after, 'return box.info.pid')).toEqual([after.pid])
  })

  test('tells the test whose spare did not start, and has another for the next', async () => {
    const { appLua } = countingApp(makeRoot())
    const { pool } = makePool({ isolation: 'process', appLua: `${appLua} if LOADED == 2 then error('not twice') end` })
    const { server } = await pool.lease(1)
    const error = await server.renew().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InitScriptError)
    expect((error as InitScriptError).message).toMatch(/not twice \(spare Tarantool\[.*isolation: 'restart'/s)
    expect((error as InitScriptError).logTail.join()).toContain('not twice')
    expect(await evaluate(await server.renew(), 'return LOADED')).toEqual([3])
  })

  test.each<[string, (server: LeasableServer) => Promise<unknown>]>([
    ['was stopped', server => server.stop()],
    ['was killed', server => server.signal('SIGKILL')],
    ['was paused', server => server.signal('SIGSTOP')],
    ['was sent SIGTERM', server => server.signal('SIGTERM')],
    ['was restarted', server => server.restart(false)],
    ['was restarted with an empty directory', server => server.restart(true)],
  ])('is replaced when it %s', async (_, act) => {
    const { pool, root } = makePool({ isolation: 'process' })
    const { server } = await pool.lease(1)
    const { uri } = server.info()
    const spare = await spareOf(root, server)
    await act(server)
    const after = await server.renew()
    expect([after.pid, after.uri]).toEqual([spare.pid, uri])
    expect(await evaluate(after, 'return box.info.pid')).toEqual([spare.pid])
    // What the test did to the one before is not held against this one.
    expect((await server.ensure()).pid).toBe(spare.pid)
  })

  test.each<[string, (server: LeasableServer) => unknown]>([
    ['by its handle', server => server.leaseUse.noteHandle()],
    ['by its address', server => openAndClose(server.info())],
  ])('is replaced when a lease ends that has used it %s', async (_, use) => {
    const { pool, root } = makePool({ isolation: 'process' })
    const { server, release } = await pool.lease(1)
    const spare = await spareOf(root, server)
    await use(server)
    release()
    const next = await pool.lease(1)
    expect(next.server).toBe(server)
    expect(server.info()).toMatchObject({ pid: spare.pid, leasedBefore: false })
  })

  test.each(['process', 'restart'] as const)("stays when its lease has not used it, with '%s'", async isolation => {
    const { pool } = makePool({ isolation })
    const { server, release } = await pool.lease(1)
    const { pid } = server.info()
    release()
    await pool.lease(1)
    expect(server.info()).toMatchObject({ pid, leasedBefore: false })
  })

  test('has its spare from the start in the background on', async () => {
    const { pool, root } = makePool({ isolation: 'process' })
    pool.prestart(1)
    await expect.poll(() => serversBelow(root).length, { timeout: 10_000 }).toBe(2)
  })

  test("keeps the data of a failed test, with keep: 'on-failure'", async () => {
    const appLua = "box.schema.space.create('users'):create_index('primary')"
    const { pool } = makePool({ isolation: 'process', keep: 'on-failure', appLua })
    const { server } = await pool.lease(1)
    const { workDir } = server.info()
    const { kept } = await server.testFailed({ test: 'adds a user', testFile: 'users.test.ts' })
    if (!kept || !('directory' in kept)) throw new Error(`no data was kept: ${kept?.reason}`)
    expect(readKept(kept.directory)).toMatchObject({
      test: 'adds a user',
      testFile: 'users.test.ts',
      server: 'default',
    })
    const second = await server.renew()
    await server.renew()
    expect(await pool.close()).toEqual([])
    expect([existsSync(workDir), existsSync(second.workDir)]).toEqual([false, false])
    expect(contentOf(kept.directory)).toContain('data')
  })

  test("keeps the directory of a failed test if its data cannot be kept, with keep: 'on-failure'", async context => {
    skipWithout('triggers of a shutdown', context)
    const appLua = `box.ctl.on_shutdown(function() io.open('shut-down', 'w'):close() end)\n${noSnapshot}`
    const { pool, root } = makePool({ isolation: 'process', keep: 'on-failure', appLua })
    const { server } = await pool.lease(1)
    const { workDir } = server.info()
    expect(await server.testFailed({})).toEqual({ kept: { reason: expect.stringContaining('no snapshot today') } })
    const second = await server.renew()
    await server.renew()
    expect(await pool.close()).toEqual([])
    expect(contentOf(root)).toEqual([workDir.slice(root.length + 1)])
    expect(existsSync(second.workDir)).toBe(false)
    // It had the time to write what it writes at its end.
    expect(contentOf(workDir)).toContain('shut-down')
  })
})

test('a spare that has died while it waited is none, and the next one is', async () => {
  const root = makeRoot()
  const first = await startInstance({ root })
  const made: TarantoolInstance[] = []
  const spare = new Spare(() => {
    const instance = newInstance({ root, port: first.port })
    made.push(instance)
    return instance
  })
  spare.prepare()
  await expect.poll(() => made[0]?.isRunning, { timeout: 10_000 }).toBe(true)
  made[0]?.process?.kill()
  await made[0]?.waitStopped()
  expect(await spare.replace(first, { orderly: false })).toBeUndefined()
  expect(first.isRunning).toBe(true)
  spare.prepare()
  expect(await spare.replace(first, { orderly: false })).toBe(made[1])
  await spare.close()
  spare.prepare()
  expect(made.length).toBe(2)
  await made[1]?.stop()
  expect(contentOf(root)).toEqual([])
})

test('a server has a spare after the first request for a new process, until its lease ends', async () => {
  const { pool, root } = makePool({})
  const { server, release } = await pool.lease(1)
  expect(serversBelow(root).length).toBe(1)
  await server.renew()
  const spare = await spareOf(root, server)
  expect((await server.renew()).pid).toBe(spare.pid)
  await spareOf(root, server)
  release()
  await expect.poll(() => serversBelow(root).map(({ pid }) => pid)).toEqual([server.info().pid])
})

describe('a pool that is closed', () => {
  test('while a spare starts', async () => {
    const directory = makeRoot()
    const { appLua, ready } = countingApp(directory)
    const { pool } = makePool({
      isolation: 'process',
      appLua: `${appLua} while LOADED == 2 do require('fiber').sleep(1) end`,
    })
    await pool.lease(1)
    await ready(2)
    expect(await pool.close()).toEqual([])
  })

  test('before a spare starts', async () => {
    const { pool, root } = makePool({ isolation: 'process' })
    await pool.lease(1)
    expect(await pool.close()).toEqual([])
    expect(serversBelow(root)).toEqual([])
  })

  test('while a spare takes over', async () => {
    const { pool, root } = makePool({ isolation: 'process' })
    const { server } = await pool.lease(1)
    await spareOf(root, server)
    const renewed = server.renew().then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(await pool.close()).toEqual([])
    const error = await renewed
    if (error) expect(error).toBeInstanceOf(NotRunningError)
    await expect(server.renew()).rejects.toThrow(NotRunningError)
  })
})
