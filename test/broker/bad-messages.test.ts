import { once } from 'node:events'
import { statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { Broker } from '../../src/broker/broker.ts'
import { BrokerClient } from '../../src/broker/client.ts'
import { readMessages } from '../../src/broker/json-lines.ts'
import { resolveFixture } from '../../src/config/fixture-config.ts'
import { BrokerGoneError, ProtocolError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/instances.ts'

async function listen(): Promise<Broker> {
  const broker = await Broker.listen({ fixture: resolveFixture({}, process.cwd()) })
  onTestFinished(async () => {
    expect(await broker.close()).toEqual([])
  })
  return broker
}

function open(broker: Broker): Socket {
  const socket = connect(broker.path)
  socket.on('error', () => {})
  onTestFinished(() => {
    socket.destroy()
  })
  return socket
}

interface Answer {
  readonly id: number
  readonly error?: { readonly name: string; readonly message: string }
}

/** Reads the broker's replies until the broker ends the connection or has sent `count` replies. */
async function answers(socket: Socket, count = Number.POSITIVE_INFINITY): Promise<Answer[]> {
  let said = ''
  for await (const chunk of socket) {
    said += String(chunk)
    if (said.split('\n').length > count) break
  }
  return said
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Answer)
}

const begin = (id: number): string =>
  `${JSON.stringify({ id, method: 'begin', params: { worker: { pid: 1, thread: id }, slot: 1 } })}\n`

test.each([
  ['no JSON', '{bad'],
  ['bytes', '\xff\xfe\0'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a list of requests', '[{"id":1,"method":"offer","params":{}}]'],
  ['a number', '7'],
  ['a text', '"begin"'],
  ['nothing', ''],
  ['an object', '{}'],
  ['a request without a number', '{"method":"offer","params":{}}'],
  ['a request with a text for a number', '{"id":"1","method":"offer","params":{}}'],
])('%s ends the connection that sent it, with a reason, and no other', async (_, line) => {
  const broker = await listen()
  const other = open(broker)
  const bad = open(broker)
  bad.write(`${line}\n${begin(1)}`, 'latin1')
  const said = await answers(bad)
  expect(said).toEqual([{ id: 0, error: expect.objectContaining({ name: 'ProtocolError' }) }])
  other.write(begin(2))
  expect(await answers(other, 1)).toEqual([{ id: 2, result: null }])
})

test.each<[what: string, request: { method?: string; params?: unknown }]>([
  ['of no such name', { method: 'destroy', params: {} }],
  ['named like a property', { method: 'constructor', params: {} }],
  ['of no name', { params: {} }],
  ['without parameters', { method: 'lease' }],
  ['with a list of parameters', { method: 'lease', params: ['default'] }],
  ['with a number for a name', { method: 'lease', params: { server: 7 } }],
  ['with a list for a config', { method: 'lease', params: { server: 'default', config: [] } }],
  ['with a worker that is none', { method: 'begin', params: { worker: null, slot: 1 } }],
  ['with a slot that is none', { method: 'begin', params: { worker: { pid: 1, thread: 1 }, slot: 'x' } }],
  ['for a server that is not leased', { method: 'signal', params: { server: 'default', signal: 'SIGNOT' } }],
  ['for the prototype', { method: 'release', params: { server: '__proto__' } }],
])('a request %s is answered, and the connection goes on', async (_, request) => {
  const broker = await listen()
  const socket = open(broker)
  socket.write(`${JSON.stringify({ id: 1, ...request })}\n${begin(2)}`)
  const [first, second] = await answers(socket, 2).then(said => said.sort((a, b) => a.id - b.id))
  expect(first).toMatchObject(request.method === 'release' ? { id: 1, result: null } : { id: 1, error: {} })
  expect(second).toEqual({ id: 2, result: null })
})

test('a worker is told why its connection was ended', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'broker.sock')
  const server = createServer(socket => {
    socket.write('{"id":0,"error":{"name":"ProtocolError","message":"no request"}}\n')
    socket.end()
  }).listen(path)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  const error: unknown = await new BrokerClient(path).request('offer', {}).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(BrokerGoneError)
  expect((error as Error).cause).toMatchObject({ name: 'ProtocolError', message: 'no request' })
})

test('nobody reads replies: nobody reads the requests either, and others go on', async () => {
  const broker = await listen()
  const flood = open(broker)
  const requests = 50_000
  for (let id = 1; id <= requests; id += 1) {
    flood.write(`{"id":${id},"method":"crash","params":{"server":"default"}}\n`)
  }
  const other = new BrokerClient(broker.path)
  onTestFinished(() => other.close())
  for (let i = 0; i < 300; i += 1) {
    await other.request('begin', { worker: { pid: 1, thread: 1 }, slot: 1 })
    await nextTurn()
  }
  expect(flood.writableLength).toBeGreaterThan(0)
  expect(await answers(flood, requests)).toHaveLength(requests)
})

test('a line of 20 MB, and one that never ends', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'lines.sock')
  const ends: (Error | number)[] = []
  const server = createServer(socket => {
    const receiver = {
      onMessage: (message: unknown) => ends.push((message as string).length),
      onBroken: (error: Error) => {
        ends.push(error)
        socket.destroy()
      },
    }
    readMessages(socket, receiver, 25 * 2 ** 20)
  }).listen(path)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  const socket = connect(path)
  socket.on('error', () => {})
  socket.write(`"${'x'.repeat(20 * 2 ** 20)}"\n`)
  // The message never ends, so only the limit can end the connection.
  socket.write(Buffer.alloc(30 * 2 ** 20, 'x'))
  await new Promise(resolve => socket.once('close', resolve))
  expect(ends).toEqual([20 * 2 ** 20, expect.any(ProtocolError)])
})

test('only the user who runs the tests can reach the broker', async () => {
  const broker = await listen()
  expect(statSync(dirname(broker.path)).mode & 0o777).toBe(0o700)
})
