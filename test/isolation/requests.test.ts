import { expect, onTestFinished, test } from 'vitest'
import type { TarantoolInstance } from '../../src/index.ts'
import { describeLateChange } from '../../src/isolation/late-changes.ts'
import type { RequestsUnderWay } from '../../src/isolation/server.ts'
import { ServerConnections } from '../../src/protocol/connections.ts'
import { IprotoConnection } from '../../src/protocol/iproto/connection.ts'
import { has } from '../support/features.ts'
import { startInstance, writeFiles } from '../support/instances.ts'

const app = `
local fiber = require('fiber')
box.schema.space.create('rows'):create_index('pk')
-- Within a table, which no undo looks into.
seen = { arrived = 0, gate = fiber.cond() }
function add(id)
    seen.arrived = seen.arrived + 1
    seen.gate:wait()
    fiber.yield()
    box.space.rows:insert({ id, ('x'):rep(200) })
end
function leave_fiber(id) fiber.create(add, id) end`

async function start(): Promise<TarantoolInstance> {
  const directory = writeFiles({ 'app.lua': app })
  return await startInstance({ appLua: `${directory}/app.lua`, recordChanges: true })
}

const add = (server: TarantoolInstance) => (id: number) => server.call('add', id)

/** Sends requests that wait in the server until the gate opens. */
async function leaveUnderWay(
  server: TarantoolInstance,
  by: (id: number) => Promise<unknown>,
  count: number,
): Promise<{ answers: Promise<unknown> }> {
  const sent = Array.from({ length: count }, (_, id) => by(id + 1))
  await expect.poll(async () => (await server.command('seen.arrived'))[0]).toBe(count)
  await server.command('seen.arrived = 0')
  return { answers: Promise.allSettled(sent) }
}

const agent = "require('tarantool-fixture').isolation"
const rows = async (server: TarantoolInstance): Promise<unknown> => (await server.command('box.space.rows:len()'))[0]

async function describe(server: TarantoolInstance): Promise<RequestsUnderWay> {
  const [answer] = await server.command(`${agent}('requests', 0)`)
  const [status, text = ''] = String(answer).split(':')
  expect(status).toBe('requests')
  return JSON.parse(Buffer.from(text, 'base64').toString()) as RequestsUnderWay
}

test('an undo waits for requests that are about to be answered', async () => {
  const server = await start()
  await server.command(`${agent}('enter', 1)`)
  const { answers } = await leaveUnderWay(server, add(server), 50)
  const [undone] = await server.command(`seen.gate:broadcast() return ${agent}('enter', 1)`)
  expect(undone).toBe('undone:50:0')
  await answers
  expect(await rows(server)).toBe(0)
})

// The instance's own connection is one, and has requests under way.
test.each([
  ['waits if the worker has another number of connections', 0, false, 20],
  ['waits if there is another client', 1, true, 20],
  ['does not look for requests if the worker has the replies to all', 1, false, 0],
])('an undo %s', async (_, answered, hasOther, undone) => {
  const server = await start()
  await server.command(`${agent}('enter', 1)`)
  const { answers } = await leaveUnderWay(server, add(server), 20)
  if (hasOther) {
    const other = await IprotoConnection.connect(server.address.binary)
    onTestFinished(() => other.close())
  }
  expect(await server.command(`seen.gate:broadcast() return ${agent}('enter', 1, ${answered})`)).toEqual([
    `undone:${undone}:0`,
  ])
  await answers
  expect(await server.command(`${agent}('enter', 1, ${answered})`)).toEqual([`undone:${20 - undone}:0`])
})

test('an undo waits for a request whose connection was closed', async () => {
  const server = await start()
  await server.command(`${agent}('enter', 1)`)
  const connections = new ServerConnections(server.address)
  const { answers } = await leaveUnderWay(server, id => connections.call('add', [id]), 1)
  connections.close()
  await answers
  // The instance has a connection, and has the replies to all its requests.
  await server.eval('return 1')
  expect(await server.command(`seen.gate:broadcast() return ${agent}('enter', 1, 1)`)).toEqual(['undone:1:0'])
})

test('a worker knows whether all its requests were answered', async () => {
  const server = await start()
  const connections = new ServerConnections(server.address)
  onTestFinished(() => connections.close())
  expect(connections.answered).toBe(0)
  const first = connections.call('add', [1])
  expect(connections.answered).toBeUndefined()
  await expect.poll(async () => (await server.command('seen.arrived'))[0]).toBe(1)
  expect(connections.answered).toBeUndefined()
  await server.command('seen.gate:broadcast()')
  await first
  expect(connections.answered).toBe(1)
  connections.close()
  expect(connections.answered).toBe(0)
})

test('a request that has timed out counts until its reply comes', async () => {
  const server = await start()
  const connection = await IprotoConnection.connect(server.address.binary)
  onTestFinished(() => connection.close())
  await expect(connection.call('add', [1], { timeout: 1 })).rejects.toThrow(/within 1 ms/)
  expect(connection.isAnswered).toBe(false)
  await expect.poll(async () => (await server.command('seen.arrived'))[0]).toBe(1)
  await server.command('seen.gate:broadcast()')
  await expect.poll(() => connection.isAnswered).toBe(true)
})

test('an undo does not wait for requests that wait themselves', async () => {
  const server = await start()
  await server.command(`${agent}('enter', 1)`)
  const { answers } = await leaveUnderWay(server, add(server), 3)
  for (let round = 0; round < 3; round++) expect(await server.command(`${agent}('enter', 1)`)).toEqual(['undone:0:0'])
  await server.command('seen.gate:broadcast()')
  await answers
  expect(await server.command(`${agent}('enter', 1)`)).toEqual(['undone:3:0'])
  // After that, the agent knows of no requests.
  const { answers: more } = await leaveUnderWay(server, add(server), 6)
  expect(await server.command(`seen.gate:broadcast() return ${agent}('enter', 1)`)).toEqual(['undone:6:0'])
  await more
})

test('what was under way when a test ended is told: requests, fibers, and what they changed', async () => {
  const server = await start()
  await server.command(`${agent}('enter', 1)`)
  const { answers } = await leaveUnderWay(server, add(server), 3)
  await server.call('leave_fiber', 9)
  expect(await server.command(`${agent}('enter_at_once', 1)`)).toEqual(['undone:0:0'])
  const before = await describe(server)
  expect(before).toMatchObject({ at_end: 3, since: 0, now: 3, kinds: [], changed: [] })
  // Tarantool 1.10 does not tell where a fiber is.
  if (has('backtraces of fibers')) {
    const place = expect.stringMatching(/app\.lua:8$/)
    expect(before.fibers).toEqual([...Array(3).fill(expect.stringMatching(/^call at .*app\.lua:8$/)), place])
    expect(before.fibers[3]).toMatch(/^fiber '.*' at/)
  }
  await server.command('seen.gate:broadcast()')
  await answers
  await server.eval('return 1')
  const after = await describe(server)
  expect(after).toMatchObject({ at_end: 3, now: 0, kinds: ['1 EVAL'], fibers: [] })
  expect(after.since).toBeGreaterThanOrEqual(1)
  expect(after.changed.map(describeLateChange)).toEqual([
    expect.stringMatching(/^4 rows of space 'rows' \(\[\d, 'x{70,80}… and others\)$/),
  ])
})

test('each request of a client that came after a test is told, whatever its kind', async () => {
  const server = await start()
  await server.command(`${agent}('enter', 1)`)
  await server.command(`${agent}('enter_at_once', 1)`)
  const before = await describe(server)
  const client = await IprotoConnection.connect(server.address.binary)
  onTestFinished(() => client.close())
  await client.ping()
  const after = await describe(server)
  expect(after.kinds).toEqual([])
  expect(after.since).toBeGreaterThan(before.since)
})
