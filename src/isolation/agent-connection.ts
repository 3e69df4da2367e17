import type { Socket } from 'node:net'
import { ConnectionError, LuaError, ProtocolError, RequestTimeoutError } from '../errors.ts'
import { clearTimeout, connect, now, setImmediate, setTimeout } from '../node-builtins.ts'
import { type Address, formatAddress } from '../protocol/address.ts'
import { ReceiveBuffer } from '../protocol/receive-buffer.ts'
import { maxReplySize, replyTooBig } from '../protocol/reply-limit.ts'
import { readableText } from '../readable-text.ts'
import type { AgentOperation, AgentReply, MemberOperation, RequestsUnderWay } from './server.ts'

/**
 * The console commands after which the agent serves the connection: fixtures/agent/channel.lua. The application may have
 * made Lua the default output, which has no clear end. Versions that know only YAML answer with an error.
 */
const serve = '\\set output yaml\npackage.loaded["tarantool-fixture"].serve()\n'
const serving = '\nserving\n'
const documentEnd = '\n...\n'
const replyPattern =
  /^(?:undone:(\d+):([01]*)(:clients)?|(dirty|clean)|member:(.*)|(lost|digest|requests|changes|error):([A-Za-z0-9+/=]*))$/

interface Waiting {
  readonly operation: AgentOperation | MemberOperation
  /** In milliseconds, of `performance.now()`. */
  readonly until: number
  receive(reply: string): void
  fail(error: Error): void
}

/**
 * A worker's connection to the agent, which undoes changes in its server. It begins as a connection to the console. Then
 * the agent takes the console's place: requests and replies are lines. It keeps Node alive only during a request. Its
 * end means that the server has died.
 *
 * Each test waits for such a request. Work that does not have to happen during the request happens elsewhere.
 */
export class AgentConnection {
  readonly #socket: Socket
  readonly #instance: string
  readonly #timeout: number
  readonly #waiting: Waiting[] = []
  /** One timer for all requests: to set and clear a timer for each request would be half of the work here. */
  #timer: NodeJS.Timeout | undefined
  readonly #received: ReceiveBuffer = new ReceiveBuffer()
  readonly #limit: number
  /** Requests that are sent when the agent serves the connection; undefined from then on. */
  #early: string[] | undefined = []
  /** The console's error, if the agent cannot serve the connection. It answers all requests. */
  #refusal: string | undefined
  #ended: ConnectionError | undefined

  /**
   * @param timeout of a request, in milliseconds
   * @param limit maximum size of a reply, in bytes
   */
  constructor(address: Address, timeout: number, onEnd: () => void, limit: number = maxReplySize) {
    this.#instance = `Tarantool[${formatAddress(address)}]`
    this.#timeout = timeout
    this.#limit = limit
    this.#socket = 'path' in address ? connect(address.path) : connect(address.port, address.host)
    this.#socket.unref()
    this.#socket.on('data', chunk => this.#read(chunk))
    this.#socket.on('error', cause => this.#end(cause))
    this.#socket.on('end', () => this.#socket.destroy())
    this.#socket.on('close', () => {
      this.#end()
      onEnd()
    })
    this.#socket.write(serve)
  }

  /**
   * Sends a request to the agent. The agent answers requests in their order.
   *
   * @param keep the number of the server's levels that stay, for operations that undo levels
   * @param answered the number of the worker's binary connections, if no request of theirs may still run. The server then
   *   does not look for running requests, unless it has other clients. For `'changes'`, the longest list of rows. For a
   *   member's operations, their terms
   * @throws RequestTimeoutError, which also ends the connection, since a late reply would be taken for the next reply;
   *   ConnectionError if the server ends first; LuaError if the agent fails; ProtocolError if a reply is too large
   */
  async request(
    operation: AgentOperation | MemberOperation,
    keep = 0,
    answered?: number | string,
  ): Promise<AgentReply> {
    if (this.#ended) throw this.#ended
    const answer = this.#refusal ?? (await this.#send(operation, `${operation} ${keep} ${answered ?? '-'}\n`))
    const [, undone, kept = '', clients, state, member, status, base64 = ''] = replyPattern.exec(answer) ?? []
    if (undone !== undefined) {
      return { undone: Number(undone), kept: Array.from(kept, digit => digit === '1'), clients: clients !== undefined }
    }
    if (state !== undefined) return { dirty: state === 'dirty' }
    if (member !== undefined) return { member }
    const bytes = Buffer.from(base64, 'base64')
    if (status === 'changes') return { changes: bytes }
    const text = readableText(bytes)
    if (status === 'lost') return { lost: text }
    if (status === 'digest') return { digest: text }
    const instance = this.#instance
    if (status === 'requests') return { requests: parseRequests(text, instance) }
    if (status === 'error') throw new LuaError(text, { instance })
    // The console's own code calls functions that a test may replace: pcall, tostring.
    if (operation !== 'digest') return { lost: `its console no longer answers: ${answer.slice(0, 200)}` }
    throw new ProtocolError(`${instance} sent an invalid reply: ${answer.slice(0, 500)}`, { instance })
  }

  #send(operation: AgentOperation | MemberOperation, line: string): Promise<string> {
    // The request is sent first: the rest happens while the server works.
    if (this.#early) this.#early.push(line)
    else this.#socket.write(line, 'latin1')
    return new Promise<string>((receive, fail) => {
      this.#waiting.push({ operation, until: now() + this.#timeout, receive, fail })
      this.#socket.ref()
      this.#watchTime(this.#timeout)
    })
  }

  /** False after the connection has ended. Then the server has ended too, or nobody watches it. */
  get isOpen(): boolean {
    return this.#ended === undefined && !this.#socket.destroyed
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #watchTime(time: number): void {
    // A reply that came while Node was busy is read first.
    this.#timer ??= setTimeout(() => setImmediate(() => this.#endLate()), time).unref()
  }

  #endLate(): void {
    this.#timer = undefined
    const [first] = this.#waiting
    if (!first) return
    const left = first.until - now()
    if (left > 0) {
      this.#watchTime(left)
      return
    }
    for (const { operation, fail } of this.#waiting.splice(0)) fail(this.#timedOut(operation))
    this.#socket.destroy()
  }

  #timedOut(operation: AgentOperation | MemberOperation): RequestTimeoutError {
    const instance = this.#instance
    return new RequestTimeoutError(`${instance} did not answer '${operation}' within ${this.#timeout} ms`, { instance })
  }

  #read(chunk: Buffer): void {
    this.#received.push(chunk)
    if (this.#early) this.#readConsole(this.#early)
    if (!this.#early) this.#readReplies()
    if (this.#received.length <= this.#limit) return
    // The beginning of the next reply is unknown.
    const error = replyTooBig(this.#instance, this.#limit)
    for (const { fail } of this.#waiting.splice(0)) fail(error)
    this.#socket.destroy()
  }

  #readConsole(early: readonly string[]): void {
    if (this.#received.takeThrough(serving)) {
      this.#early = undefined
      if (early.length > 0) this.#socket.write(early.join(''), 'latin1')
      return
    }
    // The first document answers `\set`. A second one is an error.
    const [, refusal] = this.#received.peek().toString('latin1').split(documentEnd, 2)
    if (!refusal) return
    this.#refusal = refusal
    for (const { receive } of this.#waiting.splice(0)) receive(refusal)
    this.#socket.unref()
  }

  #readReplies(): void {
    for (;;) {
      const line = this.#received.takeThrough('\n')
      if (!line) return
      this.#waiting.shift()?.receive(line.toString('latin1', 0, line.length - 1))
      if (this.#waiting.length === 0) this.#socket.unref()
    }
  }

  #end(cause?: Error): void {
    clearTimeout(this.#timer)
    const why = cause ? `broke: ${cause.message}` : 'was ended'
    this.#ended ??= new ConnectionError(`The connection to the console of ${this.#instance} ${why}`, {
      instance: this.#instance,
      cause,
    })
    for (const { fail } of this.#waiting.splice(0)) fail(this.#ended)
  }
}

function parseRequests(text: string, instance: string): RequestsUnderWay {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ProtocolError(`${instance} sent an invalid reply: ${text.slice(0, 500)}`, { instance, cause })
  }
}
