import type { Socket } from 'node:net'
import { ConnectionError } from '../errors.ts'
import type { Address } from './address.ts'
import { type RequestOptions, RequestTable } from './request-table.ts'
import { fingerprint } from './socket.ts'

/**
 * A socket and the requests that wait on it: the common part of the console and IPROTO.
 *
 * The socket keeps Node alive only while a request waits. When the socket ends, every waiting request rejects at once.
 */
export class Channel<T> {
  /** The server's name in errors. */
  readonly instance: string
  /** Resolves when the connection has ended, on either side. Never rejects. */
  readonly closed: Promise<void>
  readonly requests: RequestTable<T>
  readonly #socket: Socket
  #ended: ConnectionError | undefined

  constructor(socket: Socket, address: Address, onData: (chunk: Buffer) => void) {
    this.#socket = socket
    this.instance = fingerprint(address)
    this.requests = new RequestTable(this.instance, busy => (busy ? socket.ref() : socket.unref()))
    socket.on('error', cause => this.#end(`broke: ${cause.message}`, cause))
    // Tarantool never half-closes: after its FIN no reply can come.
    socket.on('end', () => this.close('was ended by the server'))
    this.closed = new Promise(resolve => {
      socket.once('close', () => {
        this.#end('was ended')
        resolve()
      })
    })
    // The socket may have died between its greeting and this listener. It then emits no second `close`.
    if (socket.destroyed) void Promise.resolve().then(() => socket.emit('close'))
    socket.on('data', onData)
  }

  /** False once the connection has ended. */
  get open(): boolean {
    return this.#ended === undefined
  }

  /**
   * Sends nothing itself. It calls `send` as soon as the request is in the table.
   *
   * @throws ConnectionError at once if the connection has ended, or as soon as it ends
   */
  async request(id: number, what: string, options: RequestOptions, send: () => void): Promise<T> {
    options.signal?.throwIfAborted()
    if (this.#ended) throw this.#ended
    const reply = this.requests.wait(id, what, options)
    send()
    return reply
  }

  write(bytes: Uint8Array | string): void {
    this.#socket.write(bytes)
  }

  /** Ends the connection at once, and rejects every waiting request. */
  close(why = 'was closed'): void {
    this.#end(why)
    this.#socket.destroy()
  }

  #end(why: string, cause?: unknown): void {
    if (this.#ended) return
    const { instance } = this
    const message = `The connection to ${instance} ${why}`
    this.#ended = new ConnectionError(message, { instance, cause })
    this.requests.rejectAll(this.#ended)
  }
}
