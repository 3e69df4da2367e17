import type { Socket } from 'node:net'
import { ConnectionError, LuaError, ProtocolError, RequestTimeoutError } from '../errors.ts'
import { clearTimeout, connect, now, setImmediate, setTimeout } from '../node-builtins.ts'
import { type Address, formatAddress } from '../protocol/address.ts'
import { DocumentReader } from '../protocol/console/documents.ts'
import { maxReplySize } from '../protocol/reply-limit.ts'
import { readableText } from '../readable-text.ts'
import type { AgentOperation, AgentReply, RequestsUnderWay } from './server.ts'

const greetingSize = 128
/** What is there once, and short: the server compiles it anew for each request. */
const agent = 'package.loaded["tarantool-fixture"].isolation'
/** The document of a reply. An error of the console's has another form. */
const replyPattern =
  /^---\n- '?(?:undone:(\d+):([01]*)(:clients)?|(dirty|clean)|(lost|digest|requests|error):([A-Za-z0-9+/=]*))'?\n\.\.\.\n$/
/** How the output of `box.session.push` begins: it is nobody's reply. */
const pushed = /^%TAG \S+ tag:tarantool\.io\/push/

interface Waiting {
  readonly operation: AgentOperation
  /** In milliseconds, of `performance.now()`. */
  readonly until: number
  receive(document: string): void
  fail(error: Error): void
}

/**
 * A worker's connection to what undoes changes in its server, over the console: it speaks nothing else, and no YAML, since
 * test files import it. It does not keep Node alive, but for the time of a request. Its end says that the server has died.
 *
 * Each test waits for a request, so what needs not be done between its two ends is not done there.
 */
export class AgentConnection {
  readonly #socket: Socket
  readonly #instance: string
  readonly #timeout: number
  readonly #waiting: Waiting[] = []
  /** One for all requests: to set one for each and take it back would be half of a request's work here. */
  #timer: NodeJS.Timeout | undefined
  /** The number of bytes of the greeting that have not arrived yet. */
  #greetingLeft = greetingSize
  readonly #documents: DocumentReader
  /** How many replies nobody waits for are to come. */
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
    // The application may have made Lua the default output. Versions that have no other than YAML answer with an error.
    this.#socket.write('\\set output yaml\n')
    this.#unwanted++
  }

  /**
   * Asks the agent; requests are answered in their order.
   *
   * @param keep how many of the server's levels stay, for operations that undo levels
   * @throws RequestTimeoutError, and the connection ends with it, for what comes later would be taken for the next reply;
   *   ConnectionError when the server ends first; LuaError when the agent fails; ProtocolError when a reply is too large
   */
  async request(operation: AgentOperation, keep = 0): Promise<AgentReply> {
    if (this.#ended) throw this.#ended
    // Sent first: the rest is done while the server works.
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
    throw new ProtocolError(`${instance} gave a reply that is not one: ${document.slice(0, 500)}`, { instance })
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
        // The document is YAML of ours, with other text in base64.
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
    throw new ProtocolError(`${instance} gave a reply that is not one: ${text.slice(0, 500)}`, { instance, cause })
  }
}
