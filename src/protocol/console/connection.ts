import type { Socket } from 'node:net'
import { ConnectionError, ProtocolError } from '../../errors.ts'
import { readableText } from '../../readable-text.ts'
import type { Address } from '../address.ts'
import { Channel } from '../channel.ts'
import { luaLiteral } from '../lua-literal.ts'
import type { RequestOptions } from '../request-table.ts'
import { type ConnectOptions, fingerprint, openSocket } from '../socket.ts'
import { DocumentReader } from './documents.ts'
import { toCommandError } from './errors.ts'
import { readValues } from './values.ts'

/** A Lua module in a server that this package has started. Its `command` is `fixtures/agent/command.lua`. */
const agentModule = 'tarantool-fixture'
const commandMark = 'tarantool-fixture-reply'
/** The beginning of a reply, and the maximum length of that beginning. The rest is base64. */
const replyForm = new RegExp(`^---\n- ['"]?${commandMark}:(ok|error|missing):`)
const replyHead = 100
/** The beginning of the output of `box.session.push`. Such output answers no request. */
const pushForm = /^%TAG \S+ tag:tarantool\.io\/push/

/**
 * A connection to the console of a server that this package has started.
 *
 * Commands run one after another, in the order of the calls. The connection keeps Node alive only while a command
 * waits.
 *
 * @example
 * const console = await ConsoleConnection.connect({ path: '/tmp/tarantool/console.sock' })
 * await console.command('box.info.status') // ['running']
 * console.close()
 */
export class ConsoleConnection {
  /** The two lines of the server's greeting: its version, and a hint. */
  readonly greeting: string
  readonly #channel: Channel<Buffer>
  readonly #documents: DocumentReader
  readonly #queue: { id: number; line: string }[] = []
  #running: number | undefined
  #lastId = 0

  private constructor(socket: Socket, address: Address, greeting: string) {
    this.greeting = greeting
    this.#documents = new DocumentReader(fingerprint(address))
    this.#channel = new Channel(socket, address, chunk => this.#read(chunk))
  }

  /**
   * Connects to a console.
   *
   * @throws ConnectionError if nobody listens, no greeting comes within `timeout` (milliseconds, 5000 by default), or
   *   the port speaks the binary protocol
   */
  static async connect(address: Address, options: ConnectOptions = {}): Promise<ConsoleConnection> {
    const { socket, greeting, remaining } = await openSocket(address, options)
    const connection = new ConsoleConnection(socket, address, greeting)
    try {
      if (greeting.includes('(Binary)')) throw notAConsole(address)
      // The application may have made Lua the default output. Versions that know only YAML answer with an error, which
      // is a document like any other.
      await connection.#send('\\set output yaml', 'its greeting', { timeout: remaining, signal: options.signal })
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  /**
   * Runs Lua as in Tarantool's console and returns the list of its results: `[]` for nothing, null for nil.
   *
   * An expression needs no `return`. A text of several lines is one chunk, so its last line sees a `local` of its first
   * line. Values have the types of `eval`, except for types that Tarantool's console writes as text. Uuids, datetimes,
   * intervals, errors and functions are strings. A decimal is a number if a double can represent it exactly, else a
   * string.
   *
   * @throws LuaError if the Lua code raised an error, with its traceback; BoxError if the database raised the error
   * @throws RequestTimeoutError after `timeout` milliseconds (no limit by default). A command that had not begun never
   *   runs. A command that had begun goes on in the server, and later commands wait for it
   * @throws ConnectionError if the connection ends before the reply
   * @throws ProtocolError if this package has not started the server, or if the values cannot be read
   *
   * @example
   * await console.command('1 + 1, nil, {a = 1}') // [2, null, { a: 1 }]
   */
  async command(lua: string, options: RequestOptions = {}): Promise<unknown[]> {
    const command = `((package.loaded["${agentModule}"] or {}).command or function() return "missing:" end)`
    const document = await this.#send(`"${commandMark}:" .. ${command}(${luaLiteral(lua)})`, 'a command', options)
    const [head = '', status] = replyForm.exec(document.toString('latin1', 0, replyHead)) ?? []
    const { instance } = this.#channel
    if (status === 'ok') return readValues(bytesOf(document, head), instance)
    if (status === 'error') throw toCommandError(bytesOf(document, head), instance)
    if (status === 'missing') {
      throw new ProtocolError(`${instance} has no module '${agentModule}'`, {
        instance,
        hint: 'Commands need a server that was started by tarantool-fixture.',
      })
    }
    throw new ProtocolError(`${instance} sent an invalid reply: ${readableText(document.subarray(0, 500))}`, {
      instance,
    })
  }

  /** Ends the connection at once. Waiting commands reject with ConnectionError. */
  close(): void {
    this.#channel.close()
  }

  /** False once the connection has ended. */
  get open(): boolean {
    return this.#channel.open
  }

  /** Resolves when the connection has ended, on either side. Never rejects. */
  get closed(): Promise<void> {
    return this.#channel.closed
  }

  #send(line: string, what: string, options: RequestOptions): Promise<Buffer> {
    this.#lastId += 1
    const id = this.#lastId
    return this.#channel.request(id, what, options, () => {
      this.#queue.push({ id, line })
      this.#next()
    })
  }

  // One command at a time: a command that is given up while it waits must not run afterwards.
  #next(): void {
    while (this.#running === undefined) {
      const next = this.#queue.shift()
      if (!next) return
      if (!this.#channel.requests.has(next.id)) continue
      this.#running = next.id
      this.#channel.write(`${next.line}\n`)
    }
  }

  #read(chunk: Buffer): void {
    try {
      for (const document of this.#documents.push(chunk)) this.#receive(document)
    } catch (error) {
      // After such a reply, the beginning of the next reply is unknown.
      this.#channel.requests.rejectAll(error)
      this.#channel.close('received data that cannot be read, and was closed')
    }
  }

  #receive(document: Buffer): void {
    if (this.#running === undefined || pushForm.test(document.toString('latin1', 0, replyHead))) return
    const id = this.#running
    this.#running = undefined
    this.#channel.requests.resolve(id, document)
    this.#next()
  }
}

// After the base64 come only a quote, newlines and dots. Base64 uses none of these, so the decoder ignores them.
function bytesOf(document: Buffer, head: string): Buffer {
  return Buffer.from(document.toString('latin1', head.length), 'base64')
}

function notAConsole(address: Address): ConnectionError {
  const instance = fingerprint(address)
  const message = `Cannot connect to the console of ${instance}: its binary protocol answers there`
  return new ConnectionError(message, { instance })
}
