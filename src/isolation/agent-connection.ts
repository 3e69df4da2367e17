import type { Socket } from 'node:net'
import { ConnectionError, LuaError, ProtocolError, RequestTimeoutError } from '../errors.ts'
import { clearTimeout, connect, now, setImmediate, setTimeout } from '../node-builtins.ts'
import { type Address, formatAddress } from '../protocol/address.ts'
import { DocumentReader } from '../protocol/console/documents.ts'
import { maxReplySize } from '../protocol/reply-limit.ts'
import { readableText } from '../readable-text.ts'
import type { AgentOperation, AgentReply, RequestsUnderWay } from './server.ts'

const greetingSize = 128
/** The text before each operation. It is short, because the server compiles it anew for each request. */
const agent = 'package.loaded["tarantool-fixture"].isolation'
/** The document of a reply. An error of the console's has another form. */
const replyPattern =
  /^---\n- '?(?:undone:(\d+):([01]*)(:clients)?|(dirty|clean)|(lost|digest|requests|error):([A-Za-z0-9+/=]*))'?\n\.\.\.\n$/
/** The beginning of the output of `box.session.push`. Such output answers no request. */
const pushed = /^%TAG \S+ tag:tarantool\.io\/push/

interface Waiting {
  readonly operation: AgentOperation
  /** In milliseconds, of `performance.now()`. */
  readonly until: number
  receive(document: string): void
  fail(error: Error): void
}

/**
 * A worker's connection to the agent, which undoes changes in its server. It uses the console, and carries nothing
 * else. It does not parse YAML, because test files import it. It keeps Node alive only during a request. Its end means
 * that the server has died.
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
  /** The number of bytes of the greeting that have not arrived yet. */
  #greetingLeft = greetingSize
  readonly #documents: DocumentReader
  /** The number of replies still to come that nobody waits for. */
  #unwanted = 0
  #ended: ConnectionError | undefined

  /**
   * @param timeout of a request, in milliseconds
   * @param limit maximum size of a reply, in bytes
   */
  constructor(address: Address, timeout: number, onEnd: () => void, limit: number = maxReplySize) {
    this.#instance = `Tarantool[${formatAddress(address)}]`
    this.#timeout = timeout
    this.#documents = new DocumentReader(this.#instance, limit)
    this.#socket = 'path' in address ? connect(address.path) : connect(address.port, address.host)
    this.#socket.unref()
    this.#socket.on('data', chunk => this.#read(chunk))
    this.#socket.on('error', cause => this.#end(cause))
    this.#socket.on('end', () => this.#socket.destroy())
    this.#socket.on('close', () => {
      this.#end()
      onEnd()
    })
    // The application may have made Lua the default output. Versions that know only YAML answer with an error.
    this.#socket.write('\\set output yaml\n')
    this.#unwanted++
  }

  /**
   * Sends a request to the agent. The agent answers requests in their order.
   *
   * @param keep the number of the server's levels that stay, for operations that undo levels
   * @throws RequestTimeoutError, which also ends the connection, since a late reply would be taken for the next reply;
   *   ConnectionError if the server ends first; LuaError if the agent fails; ProtocolError if a reply is too large
   */
  async request(operation: AgentOperation, keep = 0): Promise<AgentReply> {
    if (this.#ended) throw this.#ended
    // The request is sent first: the rest happens while the server works.
    this.#socket.write(`${agent}("${operation}",${keep})\n`)
    const document = await new Promise<string>((receive, fail) => {
      this.#waiting.push({ operation, until: now() + this.#timeout, receive, fail })
      this.#socket.ref()
      this.#watchTime(this.#timeout)
    })
    const [, undone, kept = '', clients, state, status, base64 = ''] = replyPattern.exec(document) ?? []
    if (undone !== undefined) {
      return { undone: Number(undone), kept: Array.from(kept, digit => digit === '1'), clients: clients !== undefined }
    }
    if (state !== undefined) return { dirty: state === 'dirty' }
    const text = readableText(Buffer.from(base64, 'base64'))
    if (status === 'lost') return { lost: text }
    if (status === 'digest') return { digest: text }
    const instance = this.#instance
    if (status === 'requests') return { requests: parseRequests(text, instance) }
    if (status === 'error') throw new LuaError(text, { instance })
    // The console's own code calls functions that a test may replace: pcall, tostring.
    if (operation !== 'digest') return { lost: `its console no longer answers: ${document.slice(0, 200)}` }
    throw new ProtocolError(`${instance} sent an invalid reply: ${document.slice(0, 500)}`, { instance })
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

  #timedOut(operation: AgentOperation): RequestTimeoutError {
    const instance = this.#instance
    return new RequestTimeoutError(`${instance} did not answer '${operation}' within ${this.#timeout} ms`, { instance })
  }

  #read(chunk: Buffer): void {
    const afterGreeting = chunk.subarray(this.#greetingLeft)
    this.#greetingLeft -= chunk.length - afterGreeting.length
    try {
      for (const bytes of this.#documents.push(afterGreeting)) {
        // The document is the agent's own YAML, with other text in base64.
        const document = bytes.toString('latin1')
        if (!pushed.test(document)) this.#receive(document)
      }
    } catch (error) {
      // After such a reply, the beginning of the next reply is unknown.
      for (const { fail } of this.#waiting.splice(0)) fail(error as Error)
      this.#socket.destroy()
    }
  }

  #receive(document: string): void {
    if (this.#unwanted > 0) {
      this.#unwanted--
      return
    }
    this.#waiting.shift()?.receive(document)
    if (this.#waiting.length === 0) this.#socket.unref()
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
    return JSON.parse(text) as RequestsUnderWay
  } catch (cause) {
    throw new ProtocolError(`${instance} sent an invalid reply: ${text.slice(0, 500)}`, { instance, cause })
  }
}
