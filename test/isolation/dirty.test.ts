import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { newInstance, startInstance } from '../support/instances.ts'

const rows = "box.schema.space.create('rows'):create_index('pk')"

async function ask(instance: TarantoolInstance, operation: string, keep = 0): Promise<unknown> {
  const [answer] = await instance.command(`require('tarantool-fixture').isolation('${operation}', ${keep})`)
  return answer
}

/** Connects as a client of the code under test, not as the fixture. */
async function open(instance: TarantoolInstance): Promise<Socket> {
  const { host, port } = instance
  const socket = host === 'unix/' ? connect(String(port)) : connect(Number(port), host)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'data')
  return socket
}

async function close(socket: Socket, instance: TarantoolInstance): Promise<void> {
  socket.destroy()
  // Only the fixture is connected once the server has noticed the end of this connection.
  const open = "local _, open = require('tarantool-fixture').foreign_connections() return open"
  await expect.poll(async () => (await instance.command(open))[0]).toBe(0)
}

const servers: Record<string, InstanceOptions> = {
  'that records': { recordChanges: true },
  'that does not record': {},
  'on a unix socket': { host: 'unix/' },
}

test.each(Object.entries(servers))(
  'a server %s is dirty after clients, and not after the fixture',
  async (_, options) => {
    const server = await startInstance({ appLua: rows, ...options })
    expect(await ask(server, 'dirty')).toBe('clean')
    await server.eval('return 1')
    expect(await ask(server, 'dirty')).toBe('clean')
    const socket = await open(server)
    expect(await ask(server, 'dirty')).toBe('dirty')
    // An open connection may change something at any time.
    expect(await ask(server, 'dirty')).toBe('dirty')
    await close(socket, server)
    // It may also have changed something just before it ended.
    expect(await ask(server, 'dirty')).toBe('dirty')
    expect(await ask(server, 'dirty')).toBe('clean')
    await close(await open(server), server)
    expect(await ask(server, 'dirty')).toBe('dirty')
    expect(await ask(server, 'dirty')).toBe('clean')
  },
)

test('a server is dirty after what it records, whoever does it', async () => {
  const server = await startInstance({ appLua: rows, recordChanges: true })
  await server.eval('box.space.rows:insert({ 1 })')
  expect(await ask(server, 'dirty')).toBe('dirty')
  await ask(server, 'rewind', 0)
  expect(await ask(server, 'dirty')).toBe('clean')
  await server.eval("box.schema.space.create('more')")
  expect(await ask(server, 'dirty')).toBe('dirty')
})

test('a level is entered anew only if it is dirty', async () => {
  const server = await startInstance({ appLua: rows, recordChanges: true })
  const enter = async (keep = 1): Promise<unknown> => await ask(server, 'enter_if_dirty', keep)
  expect(await enter()).toBe('undone:0:0')
  expect(await enter()).toBe('clean')
  await server.eval('box.space.rows:insert({ 1 })')
  expect(await enter()).toBe('undone:1:0')
  // The check misses changes that leave no record. That is acceptable only because no client was connected.
  await server.eval('nobody_was_there = true')
  expect(await enter()).toBe('clean')
  const socket = await open(server)
  expect(await enter()).toBe('undone:1:0:clients')
  await server.eval('somebody_was_there = true')
  expect(await enter()).toBe('undone:1:0:clients')
  await close(socket, server)
  expect(await enter()).toBe('undone:0:0:clients')
  expect(await enter()).toBe('clean')
  // With another number of levels to keep, the agent enters another level.
  expect(await enter(2)).toBe('undone:0:00')
  expect(await enter(2)).toBe('clean')
  expect(await enter(1)).toBe('undone:0:0')
})

test('an application that talks to itself is no client, and one that came before the server was ready is', async () => {
  const server = await startInstance({
    appLua: `
      kept = require('net.box').connect(box.cfg.listen)
      assert(kept:ping())
      require('net.box').connect(box.cfg.listen):close()`,
  })
  // The server may notice the end of a connection a little later.
  await expect.poll(() => ask(server, 'dirty')).toBe('clean')
  const early = newInstance({
    appLua:
      "box.cfg{} while require('tarantool-fixture').foreign_connections() == 0 do require('fiber').sleep(0.01) end",
    timeout: 30_000,
  })
  await early.prepare()
  const started = early.start()
  let client: Socket | undefined
  const connected = async (): Promise<Socket | undefined> => {
    client = await open(early).catch(() => undefined)
    return client
  }
  await expect.poll(connected, { timeout: 20_000 }).toBeDefined()
  await started
  if (client) await close(client, early)
  expect(await ask(early, 'dirty')).toBe('dirty')
  expect(await ask(early, 'dirty')).toBe('clean')
})
