import { connect, type Socket } from 'node:net'
import { ConnectionError, LuaError, ProtocolError, RequestTimeoutError } from '../errors.ts'
import { type Address, formatAddress } from './address.ts'

// Taken before a test can put fake timers in their place.
const { setTimeout, clearTimeout } = globalThis

const greetingSize = 128
const end = '\n...\n'
const mark = 'tarantool-fixture-agent'
const replyPattern = new RegExp(`${mark}:(ok|error|missing):([A-Za-z0-9+/=]*)`)
/** How the output of `box.session.push` begins: it is nobody's reply. */
const pushed = /^%TAG \S+ tag:tarantool\.io\/push/

/** What the agent in a server answers: fixtures/agent/isolation/main.lua. */
export interface AgentReply {
  /** How many changes were undone. */
  readonly undone?: number | undefined
  /** Why the server cannot be brought back in place; it has to be replaced. */
  readonly lost?: string | undefined
  /** Of each level that is left, from the lowest on, whether anything changed in it. */
  readonly kept?: readonly boolean[] | undefined
  /** Tells two states of all data apart. */
  readonly digest?: string | undefined
}

export type AgentOperation = 'enter' | 'rewind' | 'digest'

interface Waiting {
  receive(document: string): void
  fail(error: Error): void
}

/**
 * A worker's connection to what undoes changes in its server, over the console: it speaks nothing else, and no YAML, since
 * test files import it. It does not keep Node alive, but for the time of a request. Its end says that the server has died.
 */
export class AgentConnection {
  readonly #socket: Socket
  readonly #instance: string
  readonly #waiting: Waiting[] = []
  #text = ''
  #greeted = false
  #formatted = false
  #ended: ConnectionError | undefined

  constructor(address: Address, onEnd: () => void) {
    this.#instance = `Tarantool[${formatAddress(address)}]`
    this.#socket = 'path' in address ? connect(address.path) : connect(address.port, address.host)
    this.#socket.unref()
    // What comes is greeting, YAML of ours, and base64.
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', chunk => this.#read(String(chunk)))
    this.#socket.on('error', cause => this.#end(cause))
    this.#socket.on('end', () => this.#socket.destroy())
    this.#socket.on('close', () => {
      this.#end()
      onEnd()
    })
  }

  /**
   * Asks the agent; requests are answered in their order.
   *
   * @param timeout in milliseconds; the connection ends with it, for what comes later would be taken for the next reply
   * @throws RequestTimeoutError; ConnectionError when the server ends first; LuaError when the agent fails
   */
  async request(operation: AgentOperation, depth: number, timeout: number): Promise<AgentReply> {
    if (this.#ended) throw this.#ended
    if (!this.#formatted) {
      // The application may have made Lua the default output. Versions that have no other than YAML answer with an error.
      this.#formatted = true
      this.#waiting.push({ receive: () => {}, fail: () => {} })
      this.#send('\\set output yaml')
    }
    const reply = this.#reply(`${operation} (isolation)`, timeout)
    const agent = '((package.loaded["tarantool-fixture"] or {}).isolation or function() return "missing:" end)'
    this.#send(`"${mark}:" .. ${agent}("${operation}", ${depth})`)
    const document = await reply
    const [, status, base64 = ''] = replyPattern.exec(document) ?? []
    const answer = Buffer.from(base64, 'base64').toString('utf8')
    if (status === 'ok') return JSON.parse(answer) as AgentReply
    const instance = this.#instance
    if (status === 'error') throw new LuaError((JSON.parse(answer) as { message: string }).message, { instance })
    throw new ProtocolError(`${instance} gave a reply that is not one: ${document.slice(0, 500)}`, { instance })
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #reply(what: string, timeout: number): Promise<string> {
    const instance = this.#instance
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new RequestTimeoutError(`${instance} did not answer ${what} within ${timeout} ms`, { instance }))
        this.#socket.destroy()
      }, timeout)
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        if (this.#waiting.length === 0) this.#socket.unref()
        act()
      }
      this.#socket.ref()
      this.#waiting.push({
        receive: document => settle(() => resolve(document)),
        fail: error => settle(() => reject(error)),
      })
    })
  }

  #send(line: string): void {
    this.#socket.write(`${line}\n`)
  }

  #read(chunk: string): void {
    this.#text += chunk
    if (!this.#greeted) {
      if (this.#text.length < greetingSize) return
      this.#text = this.#text.slice(greetingSize)
      this.#greeted = true
    }
    for (let at = this.#text.indexOf(end); at >= 0; at = this.#text.indexOf(end)) {
      const document = this.#text.slice(0, at)
      this.#text = this.#text.slice(at + end.length)
      if (!pushed.test(document)) this.#waiting.shift()?.receive(document)
    }
  }

  #end(cause?: Error): void {
    const why = cause ? `broke: ${cause.message}` : 'was ended'
    this.#ended ??= new ConnectionError(`The connection to the console of ${this.#instance} ${why}`, {
      instance: this.#instance,
      cause,
    })
    for (const { fail } of this.#waiting.splice(0)) fail(this.#ended)
  }
}
