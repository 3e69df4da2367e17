import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { FailedServer, HeldServer } from '../../src/broker/failed-server.ts'
import { HeldServers, mostHeld } from '../../src/broker/hold/held-servers.ts'
import { holdingHere } from '../../src/broker/hold/holding.ts'
import { whyNotMovable } from '../../src/broker/hold/why-not.ts'
import type { ProcessInfo } from '../../src/broker/leased-info.ts'
import type { ServerOptions } from '../../src/config/server-options.ts'
import { readKept } from '../../src/instance/kept/manifest.ts'
import { ServerConnections } from '../../src/protocol/connections.ts'
import { ConsoleConnection } from '../../src/protocol/console/connection.ts'
import { cli } from '../cli/support.ts'
import { docker, needsEngine, noEngine } from '../support/engine.ts'
import { has } from '../support/features.ts'
import { isAlive, temporaryDirectory } from '../support/instances.ts'
import { evaluate, lease, open } from '../support/leased.ts'
import { resolvedServer } from '../support/resolved.ts'

const about = { test: 'adds a user', testFile: 'users.test.ts' }
const failed = { ...about, isNeeded: false }

async function hold(options: ServerOptions = {}) {
  const held = new HeldServers('on-failure')
  return { held, ...(await lease({ hold: 'on-failure', ...options }, held)) }
}

const theOnly = ({ list }: HeldServers): HeldServer => {
  expect(list).toHaveLength(1)
  return list[0] as HeldServer
}

async function ask({ address }: ProcessInfo, lua: string): Promise<unknown[]> {
  const connections = new ServerConnections(address)
  try {
    return await connections.eval(lua, [])
  } finally {
    connections.close()
  }
}

const reasonOf = (outcome: FailedServer): string | undefined =>
  outcome.hold && 'reason' in outcome.hold ? outcome.hold.reason : undefined

const kinds: Record<string, ServerOptions> = {
  'on TCP': {},
  'on a unix socket': { host: 'unix/' },
  'with a console on TCP': { consoleHost: '127.0.0.1' },
  'with an account': { credentials: { user: 'app', password: 'secret' } },
  'that is spawned': { prefork: false },
  "with isolation 'restart'": { isolation: 'restart' },
  "with isolation 'process'": { isolation: 'process' },
}

describe('the server of a failed test is held', () => {
  test.each(Object.entries(kinds))('%s: it runs on elsewhere, and another one has its address', async (_, options) => {
    const { server, held } = await hold(options)
    const before = server.info()
    await evaluate(server, 'MINE = 1')
    const client = await open(server)
    const outcome = await server.testFailed(failed)
    const { info, ...test } = theOnly(held)
    expect(test).toEqual({ ...about, server: 'default', since: expect.any(Number) })
    expect([info.pid, isAlive(before.pid)]).toEqual([before.pid, true])
    expect(info.port).not.toBe(before.port)
    expect(outcome.hold).toEqual({ held: info })
    // Clients of the address must not stay connected to the process that has left it.
    if (!client.closed) await once(client, 'close')
    expect(await ask(info, 'return MINE, box.info.pid')).toEqual([1, before.pid])
    const { host, port, consoleHost } = before
    expect(outcome.successor).toMatchObject({ host, port, consoleHost, beganEmpty: true, leasedBefore: false })
    expect(outcome.successor?.generation).toBeGreaterThan(before.generation)
    expect(await evaluate(server, 'return MINE')).toEqual([null])
    const console = await ConsoleConnection.connect(
      info.consoleHost === 'unix/'
        ? { path: String(info.consolePort) }
        : { host: info.consoleHost, port: Number(info.consolePort) },
    )
    expect(await console.command('MINE')).toEqual([1])
    console.close()
    // The address goes on as any other.
    const renewed = await server.renew()
    expect([renewed.port, renewed.pid === before.pid]).toEqual([port, false])
    expect(await held.end()).toEqual([])
    expect(isAlive(before.pid)).toBe(false)
  })

  test('that a failed test has stopped is not: there is nothing to look at', async () => {
    const { server, held } = await hold()
    await server.stop()
    expect(await server.testFailed(failed)).toEqual({})
    expect([held.list, held.notHeld]).toEqual([[], []])
  })

  test('that the test does not use is not', async () => {
    const { server, held } = await hold()
    expect(await server.testFailed(about)).toEqual({})
    expect(held.list).toEqual([])
  })

  test.each<[string, ServerOptions, object, string]>([
    ['with named ports', { ports: ['http'] }, failed, 'its named ports cannot move'],
    [
      'whose data the tests that follow expect',
      {},
      { ...about, isNeeded: true },
      'the tests that follow expect its data',
    ],
  ])('%s is not: its data is kept, and it stays', async (_, options, test, reason) => {
    const { server, held } = await hold({ ...options, root: temporaryDirectory() })
    const { pid } = server.info()
    const outcome = await server.testFailed(test)
    expect(reasonOf(outcome)).toBe(reason)
    const directory = outcome.kept && 'directory' in outcome.kept ? outcome.kept.directory : ''
    expect(readKept(directory)).toMatchObject({ ...about, server: 'default' })
    expect(held.notHeld).toEqual([{ about: { ...about, server: 'default' }, reason, directory }])
    expect([outcome.successor, server.info().pid]).toEqual([undefined, pid])
  })

  test('with a snapshot, too, if its data is to be kept', async () => {
    const { server, held } = await hold({ keep: 'on-failure' })
    const { kept } = await server.testFailed(failed)
    const directory = kept && 'directory' in kept ? kept.directory : ''
    expect(readKept(directory)).toMatchObject(about)
    theOnly(held)
    rmSync(directory, { recursive: true })
  })

  test('that does not answer is ended, and says why', async () => {
    const { server, held } = await hold()
    const { pid, port } = server.info()
    await server.signal('SIGSTOP')
    const outcome = await server.testFailed(failed)
    expect(reasonOf(outcome)).toMatch(/did not answer|no answer|within 5/)
    expect([held.list, isAlive(pid), outcome.successor?.port]).toEqual([[], false, port])
    expect(await evaluate(server, 'return box.info.pid')).toEqual([outcome.successor?.pid])
  })

  test('unless as many are held as memory allows', async () => {
    const { server, held } = await hold()
    for (let count = 0; count < mostHeld; count++) await server.testFailed(failed)
    expect(held.list).toHaveLength(mostHeld)
    expect([held.isFull, held.isFull, held.more]).toEqual([true, true, 0])
    expect(reasonOf(await server.testFailed(failed))).toBe(`${mostHeld} servers are held already`)
    expect(held.more).toBe(1)
    expect(held.list).toHaveLength(mostHeld)
    // The next run begins without them.
    expect(await held.end()).toEqual([])
    await server.testFailed(failed)
    theOnly(held)
  })
})

test('its lease ends while it is held: it runs on, and only its own client reaches it', async () => {
  const { server, held, release } = await hold()
  await evaluate(server, 'MINE = 1')
  await server.testFailed(failed)
  release()
  await server.destroy()
  expect(await ask(theOnly(held).info, 'return MINE')).toEqual([1])
  const client = connect(Number(server.info().port), '127.0.0.1')
  const [error] = await once(client, 'error')
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
})

test.each([
  [{}, [true, true], 'on-failure'],
  [{ CI: '' }, [true, true], 'on-failure'],
  [{ CI: 'false' }, [true, true], 'on-failure'],
  [{ CI: 'true' }, [true, true], 'in-ci'],
  [{ CI: '1' }, [false, false], 'in-ci'],
  [{}, [true, false], 'without-terminal'],
  [{}, [false, true], 'without-terminal'],
] as const)('servers are held in a terminal only: %j, %j', (env, terminals, expected) => {
  expect(
    holdingHere(
      env,
      terminals.map(isTTY => ({ isTTY })),
    ),
  ).toBe(expected)
})

describe.skipIf(noEngine)(`in a container (${needsEngine})`, () => {
  test('it cannot move: its data is kept as the test left it, and it stays', async () => {
    const { server, held } = await hold({ docker, root: temporaryDirectory() })
    const { pid } = server.info()
    await evaluate(server, "box.schema.space.create('users'):create_index('primary') box.space.users:insert({ 1 })")
    const outcome = await server.testFailed(failed)
    const reason = 'the port of a container cannot move'
    expect(reasonOf(outcome)).toBe(reason)
    const directory = outcome.kept && 'directory' in outcome.kept ? outcome.kept.directory : ''
    expect(held.notHeld).toEqual([{ about: { ...about, server: 'default' }, reason, directory }])
    // The container, its address and its data are there for the reset.
    expect([outcome.successor, server.info().pid, held.list]).toEqual([undefined, pid, []])
    expect(await evaluate(server, 'return #box.space.users:select()')).toEqual([1])
    await server.renew()
    // On this machine, without a container, whose image has 2.6.0.
    const { stdout, stderr } = await cli(['open', directory, '-e', 'box.space.users:select()'])
    if (has('a refusal to start from data of 2.6')) expect(stderr).toContain('Your schema version is 2.3.1')
    else expect(stdout).toBe('---\n- - [1]\n...')
  })
})

test('a server in a container cannot move: its port is published when it starts', () => {
  const { docker, ports } = resolvedServer({ docker: {} })
  const reason = whyNotMovable({ options: { docker, ports }, instance: { isRunning: true }, isNeeded: false })
  expect(reason).toBe('the port of a container cannot move')
})
