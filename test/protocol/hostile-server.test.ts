import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ConnectionError, ProtocolError, RequestTimeoutError } from '../../src/errors.ts'
import { AgentConnection } from '../../src/isolation/agent-connection.ts'
import type { AgentOperation, AgentReply } from '../../src/isolation/server.ts'
import type { Address } from '../../src/protocol/address.ts'
import { ConsoleConnection } from '../../src/protocol/console/connection.ts'
import { DocumentReader } from '../../src/protocol/console/documents.ts'
import { IprotoConnection } from '../../src/protocol/iproto/connection.ts'
import { FrameReader } from '../../src/protocol/iproto/frames.ts'
import { encode } from '../../src/protocol/values/codec.ts'

const greetings = {
  binary: `${'Tarantool 2.6.0 (Binary) 7170b4d7-1c6c-4b8c-a3c3-4d3b3b2a6f4e'.padEnd(63)}\n${'c2FsdA=='.repeat(5).padEnd(63)}\n`,
  console: `${'Tarantool 2.6.0 (Lua console)'.padEnd(63)}\n${"type 'help' for interactive help".padEnd(63)}\n`,
}

/** A server that sends a greeting, and then the next answer for each received chunk. */
async function serve(greeting: string, answers: readonly (string | Uint8Array | 'end')[]): Promise<Address> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    const left = [...answers]
    socket.write(greeting, 'latin1')
    socket.on('error', () => {})
    socket.on('data', () => {
      const answer = left.shift()
      if (answer === 'end') socket.destroy()
      else if (answer !== undefined) socket.write(typeof answer === 'string' ? Buffer.from(answer, 'latin1') : answer)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

function frame(content: Uint8Array): Buffer {
  const size = Buffer.from([0xce, 0, 0, 0, 0])
  size.writeUInt32BE(content.length, 1)
  return Buffer.concat([size, content])
}

const header = { 0: 0, 1: 1 }
const ok = encode(new Map([[0, 0], [1, 1]])) // biome-ignore format: a header
/** A reply to the first request. Its only value consists of these bytes. */
const reply = (value: string | Uint8Array): Buffer =>
  frame(Buffer.concat([ok, hex('81 30 91'), typeof value === 'string' ? hex(value) : value]))

const caught = async (promise: Promise<unknown>): Promise<Error> =>
  await promise.then(
    value => Promise.reject(new Error(`no error: ${String(value)}`)),
    (error: Error) => error,
  )

// Each level is an array with one element, or an error with one field. The element or field is the next level.
const deepArrays = Buffer.concat([Buffer.alloc(100_000, 0x91), hex('c0')])
const deepErrors = Array.from({ length: 2_000 }).reduce<Buffer>((inner: Buffer) => {
  const head = Buffer.from([0xc9, 0, 0, 0, 0, 3])
  head.writeUInt32BE(inner.length, 1)
  return Buffer.concat([head, inner])
}, hex('80'))

describe('a reply over the binary protocol', () => {
  test.each<[what: string, answer: string | Uint8Array, message: RegExp]>([
    ['of 4 GB', 'ce ffffffff', /more than 256 MB, which is the limit/],
    ['without a size', '05 80 80 80 80', /has no size/],
    ['with an empty header', frame(hex('80')), /without a header/],
    ['with a list for a header', frame(hex('92 00 01')), /without a header/],
    ['with texts in its header', frame(encode({ 0: 'ok', 1: 'first' })), /without a header/],
    ['with a header that claims a million entries', frame(hex('df 000f4240')), /claims to hold 2000000 values/],
    [
      'to request 99',
      frame(encode(new Map(Object.entries({ ...header, 1: 99 }).map(([k, v]) => [Number(k), v])))),
      /answered request 99, which was never sent/,
    ],
    [
      'to no request, with an error',
      frame(
        encode(
          new Map([
            [0, 0x8014],
            [1, 0],
          ]),
          new Map([[0x31, 'Invalid MsgPack']]),
        ),
      ),
      /answered request 0, .*: Invalid MsgPack/,
    ],
    ['with a list that claims 4 billion values', reply('dd ffffffff'), /claims to hold 4294967295 values/],
    ['with a map that claims 4 billion', reply('df ffffffff'), /claims to hold 8589934590 values/],
    [
      'with lists in lists that claim millions each',
      reply(`${'dd 00989680'.repeat(50)}`),
      /claims to hold 10000000 values/,
    ],
    ['with a string of 4 GB', reply('db ffffffff 61'), /ends 4294967294 bytes too early/],
    ['with a binary of 4 GB', reply('c6 ffffffff 61'), /ends 4294967294 bytes too early/],
    ['with an extension of 4 GB', reply('c9 ffffffff 01 61'), /ends 4294967294 bytes too early/],
    ['that is nested without end', reply(deepArrays), /nested deeper than 500 levels/],
    ['with errors in errors', reply(deepErrors), /nested deeper than 500 levels/],
    ['with a byte that begins nothing', reply('c1'), /0xc1 begins no value/],
    ['that ends within its value', reply('a5 61'), /too early/],
  ])('%s is an error', async (_, answer, message) => {
    const address = await serve(greetings.binary, [typeof answer === 'string' ? hex(answer) : answer])
    const connection = await IprotoConnection.connect(address)
    const error = await caught(connection.eval('return 1'))
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error.message).toMatch(message)
    expect((error as ProtocolError).instance).toMatch(/^Tarantool\[127\.0\.0\.1:\d+\]$/)
    connection.close()
  })

  test('of more than one megabyte of values that are one byte each is read', async () => {
    const size = 2 ** 20
    const list = Buffer.alloc(size + 5, 1)
    list.set(hex('dd 00100000'))
    const connection = await IprotoConnection.connect(await serve(greetings.binary, [reply(list)]))
    const [values] = await connection.eval('return 1')
    expect(values).toHaveLength(size)
    connection.close()
  })

  test('a bad value fails its own request only', async () => {
    const second = frame(encode(new Map([[0, 0], [1, 2]]), new Map([[0x30, ['two']]]))) // biome-ignore format: a reply
    const connection = await IprotoConnection.connect(await serve(greetings.binary, [reply('c1'), second]))
    await expect(connection.eval('return 1')).rejects.toThrow(ProtocolError)
    expect(await connection.eval('return 2')).toEqual(['two'])
    connection.close()
  })

  test('that never ends leaves the connection usable for nothing, and hangs nobody', async () => {
    const connection = await IprotoConnection.connect(await serve(greetings.binary, [hex('ce 00001000 82'), 'end']))
    const first = caught(connection.eval('return 1', [], { timeout: 20 }))
    expect(await first).toBeInstanceOf(RequestTimeoutError)
    expect(await caught(connection.eval('return 2'))).toBeInstanceOf(ConnectionError)
  })
})

describe('a greeting', () => {
  test.each<[what: string, greeting: string, message: RegExp]>([
    ['of zeros', '\0'.repeat(128), /the program that answers there is not Tarantool/],
    ['of another server, endless', 'SSH-2.0-OpenSSH_9.6\r\n'.repeat(100_000), /not Tarantool; it says "SSH/],
    ['of bytes', '\xff\xfe'.repeat(100), /not Tarantool/],
    ['that is cut off', 'Tarantool 2.6.0 (Binary)', /no greeting within 50 ms/],
    ['without a salt', `${'Tarantool 2.6.0 (Binary)'.padEnd(127)}\n`, /Cannot speak the binary protocol/],
    ['of no version', `${'Tarantool (Binary)'.padEnd(128)}`, /Cannot speak the binary protocol/],
  ])('%s is an error', async (_, greeting, message) => {
    const error = await caught(IprotoConnection.connect(await serve(greeting, []), { timeout: 50 }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(message)
  })
})

describe("a console's reply", () => {
  const yaml = '---\n- true\n...\n'
  const replied = (status: string, bytes: Uint8Array): string =>
    `---\n- tarantool-fixture-reply:${status}:${Buffer.from(bytes).toString('base64')}\n...\n`

  test.each<[what: string, answer: string, message: RegExp]>([
    ['of a claimed size', replied('ok', hex('dd ffffffff')), /claims to hold/],
    ['of one value', replied('ok', hex('01')), /without a list of values/],
    ['of nothing', replied('ok', hex('')), /too early/],
    ['of no base64', '---\n- tarantool-fixture-reply:ok:#$%\n...\n', /too early/],
    ['of another kind', '---\n- error: \xff\n...\n', /sent an invalid reply: .*\\xff/s],
    ['that is an error without a form', replied('error', encode(['boom'])), /an error that cannot be read/],
  ])('%s is an error', async (_, answer, message) => {
    const connection = await ConsoleConnection.connect(await serve(greetings.console, [yaml, answer]))
    const error = await caught(connection.command('1'))
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error.message).toMatch(message)
    expect((error as ProtocolError).instance).toMatch(/^Tarantool\[/)
    connection.close()
  })

  test('that a server ends in its middle', async () => {
    const connection = await ConsoleConnection.connect(await serve(greetings.console, [yaml, 'end']))
    expect(await caught(connection.command('1'))).toBeInstanceOf(ConnectionError)
  })
})

describe("a reply of the server's agent", () => {
  const set = '---\n- true\n...\n'
  const inBase64 = (status: string, text: string): string =>
    `${status}:${Buffer.from(text, 'latin1').toString('base64')}\n`

  async function ask(operation: AgentOperation, answers: string[]): Promise<AgentReply> {
    const agent = new AgentConnection(await serve(greetings.console, answers), 5000, () => {}, 2 ** 20)
    onTestFinished(() => agent.destroy())
    return await agent.request(operation, 1)
  }

  const askServed = async (operation: AgentOperation, answer: string): Promise<AgentReply> =>
    await ask(operation, [`${set}serving\n`, answer])

  test.each<[what: string, answer: string, reply: AgentReply]>([
    ['that is none', 'nonsense\n', { lost: expect.stringContaining('no longer answers') }],
    ['of bytes', inBase64('lost', '\xff'), { lost: '\\xff' }],
  ])('%s', async (_, answer, reply) => {
    expect(await askServed('enter', answer)).toEqual(reply)
  })

  test('from the console, which cannot carry out a command, answers all requests', async () => {
    const error = '---\n- error: boom\n...\n'
    const agent = new AgentConnection(await serve(greetings.console, [set + error]), 5000, () => {})
    onTestFinished(() => agent.destroy())
    for (let round = 0; round < 2; round++) {
      expect(await agent.request('enter', 1)).toEqual({ lost: expect.stringMatching(/no longer answers.*boom/s) })
    }
  })

  test('about requests that is no JSON is an error', async () => {
    expect(await caught(askServed('requests', inBase64('requests', '{')))).toBeInstanceOf(ProtocolError)
  })

  test.each([
    ['the agent', [`${set}serving\n`, 'x'.repeat(2 ** 21)]],
    ['the console', [`---\n- '${'x'.repeat(2 ** 21)}`]],
  ])('without an end is an error, and the connection ends: of %s', async (_, answers) => {
    const error = await caught(ask('enter', answers))
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error.message).toMatch(/^Tarantool\[.*\] sent a reply of more than 1 MB/)
  })
})

describe('however TCP cuts it', () => {
  test('replies are read byte by byte, and many from one piece', () => {
    const content = Buffer.alloc(200_000, 'x')
    const bytes = Buffer.concat([frame(content), ...Array.from({ length: 1000 }, () => frame(hex('80')))])
    const one = [...new FrameReader('server').push(bytes)]
    const reader = new FrameReader('server')
    const many = [...bytes].flatMap(byte => [...reader.push(Buffer.of(byte))])
    expect(one).toHaveLength(1001)
    expect(Buffer.compare(one[0] ?? hex(''), content)).toBe(0)
    expect(many.map(part => part.length)).toEqual(one.map(part => part.length))
    expect(Buffer.compare(many[0] ?? hex(''), content)).toBe(0)
  })

  test('documents as well', () => {
    const reader = new DocumentReader('server')
    const text = `---\n- ${'x'.repeat(100_000)}\n...\n---\n- 2\n...\n`
    const documents = [...Buffer.from(text)].flatMap(byte => [...reader.push(Buffer.of(byte))])
    expect(documents.map(String).join('')).toBe(text)
    expect(documents).toHaveLength(2)
  })

  test('what has no end is given up at the limit', () => {
    const limit = 2 ** 20
    const pour = (reader: FrameReader | DocumentReader): void => {
      for (let i = 0; i < 100; i += 1) for (const _ of reader.push(Buffer.alloc(2 ** 16, 'x'))) break
    }
    expect(() => pour(new DocumentReader('Tarantool[x]', limit))).toThrow(
      /Tarantool\[x\] sent a reply of more than 1 MB/,
    )
    expect(() => [...new FrameReader('Tarantool[x]', limit).push(hex('ce 00100001'))]).toThrow(/more than 1 MB/)
  })
})
