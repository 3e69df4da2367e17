import { connect, type Socket } from 'node:net'
import { BrokerGoneError } from '../errors.ts'
import { deserializeError } from './error-transport.ts'
import { readMessages, writeMessage } from './json-lines.ts'
import type { BrokerRequests, ReplyMessage, RequestName } from './messages.ts'

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** A worker's connection to the broker. It keeps the worker alive only during a request. */
export class BrokerClient {
  readonly #path: string
  readonly #socket: Socket
  readonly #onClose = new Set<() => void>()
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #gone: Error | undefined

  constructor(path: string) {
    this.#path = path
    this.#socket = connect(path)
    this.#socket.unref()
    readMessages(this.#socket, {
      onMessage: message => this.#onReply(message as ReplyMessage),
      onBroken: error => this.#socket.destroy(error),
    })
    this.#socket.on('error', error => this.#fail(error))
    this.#socket.on('close', () => {
      this.#fail()
      for (const callback of this.#onClose) callback()
    })
  }

  /** True if requests can still be sent. */
  get isOpen(): boolean {
    return this.#gone === undefined
  }

  /**
   * Sends a request to the broker.
   *
   * @throws the error that the broker answers; BrokerGoneError if the broker has ended
   */
  async request<Name extends RequestName>(
    method: Name,
    params: BrokerRequests[Name]['params'],
  ): Promise<BrokerRequests[Name]['result']> {
    try {
      if (this.#gone) throw this.#gone
      const id = ++this.#lastId
      writeMessage(this.#socket, { id, method, params })
      const result = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }))
      this.#socket.ref()
      return (await result) as BrokerRequests[Name]['result']
    } catch (error) {
      // Shows the line of the test that asked, not the socket's callbacks.
      if (error instanceof Error) Error.captureStackTrace(error, this.request)
      throw error
    }
  }

  /** Calls back when the connection has ended. Returns a function that removes the callback. */
  onClose(callback: () => void): () => void {
    this.#onClose.add(callback)
    return () => this.#onClose.delete(callback)
  }

  close(): void {
    this.#socket.destroy()
  }

  #onReply(reply: ReplyMessage): void {
    // Id 0 answers no request. The broker uses it to say why it is about to end the connection.
    if (reply.id === 0 && 'error' in reply) this.#fail(deserializeError(reply.error))
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if (this.#pending.size === 0) this.#socket.unref()
    if ('error' in reply) pending?.reject(deserializeError(reply.error))
    else pending?.resolve(reply.result)
  }

  #fail(cause?: Error): void {
    this.#gone ??= new BrokerGoneError(`the broker of the test run has ended (${this.#path})`, {
      cause,
      hint: 'The main process of the test runner has ended, or its teardown has run.',
    })
    for (const { reject } of this.#pending.values()) reject(this.#gone)
    this.#pending.clear()
  }
}
