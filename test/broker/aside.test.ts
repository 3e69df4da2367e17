import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Pool } from '../../src/broker/pool.ts'
import type { PooledServer } from '../../src/broker/pooled-server.ts'
import type { ServerOptions } from '../../src/config/fixture-config.ts'
import { InitScriptError } from '../../src/errors.ts'
import { ServerConnections } from '../../src/protocol/connections.ts'
import { contentOf, isAlive } from '../support/instances.ts'
import { serversBelow } from '../support/processes.ts'

/** A leased server with its own directory. The directory must be empty after its pool is closed. */
async function lease(
  options: ServerOptions = {},
): Promise<{ server: PooledServer; root: string; release: () => void }> {
  const root = mkdtempSync(join(tmpdir(), 'fixture-test-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const pool = new Pool({ name: 'default', server: { root, ...options }, root, baseDir: root })
  onTestFinished(async () => {
    expect(await pool.close()).toEqual([])
    expect(serversBelow(root)).toEqual([])
    expect(contentOf(root)).toEqual([])
  })
  return { root, ...(await pool.lease(1)) }
}

async function evaluate(server: PooledServer, lua: string): Promise<unknown[]> {
  const connections = new ServerConnections(server.info().address)
  try {
    return await connections.eval(lua, [])
  } finally {
    connections.close()
  }
}

async function open(server: PooledServer): Promise<Socket> {
  const { host, port } = server.info()
  const socket = host === 'unix/' ? connect(String(port)) : connect(Number(port), host)
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'data')
  return socket
}

const kinds: Record<string, ServerOptions> = {
  'on TCP': {},
  'on a unix socket': { host: 'unix/' },
  'with a console on TCP': { consoleHost: '127.0.0.1' },
}

describe.each(Object.entries(kinds))('a server %s', (_, options) => {
  test.each([
    ['one that is started then', false],
    ['its spare', true],
  ])('stands aside for %s, and comes back as it was', async (_, spare) => {
    const { server } = await lease(options)
    if (spare) await server.renew()
    const before = server.info()
    await evaluate(server, 'MINE = 1 box.cfg{ too_long_threshold = 3 }')
    const client = await open(server)
    const aside = await server.stepAside(spare)
    expect(aside).toMatchObject({ host: before.host, port: before.port, aside: true, used: false })
    expect(aside).toMatchObject({ consoleHost: before.consoleHost, beganEmpty: true })
    expect([aside.pid, aside.generation]).not.toEqual([before.pid, before.generation])
    // Clients must not stay connected to the process that stands aside.
    if (!client.closed) await once(client, 'close')
    expect(await evaluate(server, 'return MINE, box.info.pid')).toEqual([null, aside.pid])
    const another = await server.restart(true)
    expect(another.aside).toBe(true)
    const back = await server.comeBack()
    expect({ ...back, used: before.used }).toEqual(before)
    expect(isAlive(another.pid)).toBe(false)
    expect(await evaluate(server, 'return MINE, box.info.pid, box.cfg.too_long_threshold')).toEqual([1, before.pid, 3])
    expect(await open(server)).toBeDefined()
    // The server can step aside any number of times.
    expect((await server.stepAside(spare)).pid).not.toBe(before.pid)
    expect((await server.comeBack()).pid).toBe(before.pid)
  })
})

test('one that dies while it stands aside is another one afterwards', async () => {
  const { server } = await lease()
  const { pid, port, generation } = server.info()
  await server.stepAside(false)
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => isAlive(pid)).toBe(false)
  const back = await server.comeBack()
  expect(back).toMatchObject({ port, aside: false, beganEmpty: true })
  expect(back.generation).toBeGreaterThan(generation + 1)
  expect(await evaluate(server, 'return box.info.pid')).toEqual([back.pid])
})

test('where no other process starts, it comes back at once', async () => {
  const { server, root } = await lease({
    appLua: `if io.open('${tmpdir()}/fixture-once-${process.pid}') then error('only once') end
      io.open('${tmpdir()}/fixture-once-${process.pid}', 'w'):close()`,
  })
  onTestFinished(() => rmSync(`${tmpdir()}/fixture-once-${process.pid}`))
  const before = server.info()
  await expect(server.stepAside(false)).rejects.toThrow(InitScriptError)
  expect(server.info()).toEqual(before)
  expect(await evaluate(server, 'return box.info.pid')).toEqual([before.pid])
  expect(serversBelow(root)).toHaveLength(1)
})

test('its lease ends while it stands aside: nothing of it is there', async () => {
  const { server, root, release } = await lease()
  const { pid } = server.info()
  await server.stepAside(false)
  release()
  await server.ensure()
  expect(isAlive(pid)).toBe(false)
  expect(serversBelow(root)).toHaveLength(1)
})
