import type { Socket } from 'node:net'
import { ProtocolError } from '../errors.ts'
import { serializeError } from './error-transport.ts'
import { readMessages, writeMessage } from './json-lines.ts'
import type { BrokerRequests, RequestName, SerializedError } from './messages.ts'
import { checkRequest, numberOf } from './requests.ts'

// Limits for one connection: requests in progress, and bytes of replies that the worker has not read.
const mostPending = 1000
const mostUnsent = 2 ** 20

type Answer = { readonly result: unknown } | { readonly error: SerializedError }

/** The functions that carry out requests. An error of theirs is the answer. */
export type Handlers = {
  readonly [Name in RequestName]: (params: BrokerRequests[Name]['params']) => Promise<BrokerRequests[Name]['result']>
}

/**
 * Answers the requests that come over a worker's connection.
 *
 * @param onRefused is called if a message is invalid. The connection ends then
 */
export function answerRequests(socket: Socket, handlers: Handlers, onRefused: () => void): void {
  const channel = new RequestChannel(socket, handlers, onRefused)
  readMessages(socket, {
    onMessage: message => channel.answer(message),
    onBroken: error => channel.refuse(error),
  })
  socket.on('drain', () => channel.flow())
}

class RequestChannel {
  readonly #socket: Socket
  readonly #handlers: Handlers
  readonly #onRefused: () => void
  #pending = 0
  #isRefused = false

  constructor(socket: Socket, handlers: Handlers, onRefused: () => void) {
    this.#socket = socket
    this.#handlers = handlers
    this.#onRefused = onRefused
  }

  answer(message: unknown): void {
    if (this.#isRefused) return
    const id = numberOf(message)
    if (id === undefined) {
      this.refuse(new ProtocolError(`a message is not a request: ${String(JSON.stringify(message)).slice(0, 100)}`))
      return
    }
    this.#pending++
    this.flow()
    void this.#carryOut(message).then(answer => {
      this.#pending--
      this.#send(id, answer)
      this.flow()
    })
  }

  async #carryOut(message: unknown): Promise<Answer> {
    try {
      const { method, params } = checkRequest(message)
      const handler = this.#handlers[method] as (params: unknown) => Promise<unknown>
      return { result: await handler(params) }
    } catch (error) {
      return { error: serializeError(error) }
    }
  }

  #send(id: number, answer: Answer): void {
    try {
      writeMessage(this.#socket, { id, ...answer })
    } catch (error) {
      // The fields of an error may contain values that JSON cannot represent.
      writeMessage(this.#socket, { id, error: serializeError(new ProtocolError(`an answer cannot be sent: ${error}`)) })
    }
  }

  // Stops reading requests while the worker does not read its replies. Otherwise replies would fill the memory.
  flow(): void {
    if (this.#pending < mostPending && this.#socket.writableLength < mostUnsent) this.#socket.resume()
    else this.#socket.pause()
  }

  // The worker's message is invalid. Only this worker's session ends.
  refuse(error: ProtocolError): void {
    this.#isRefused = true
    this.#onRefused()
    this.#send(0, { error: serializeError(error) })
    this.#socket.destroySoon()
  }
}
