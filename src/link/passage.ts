import { connect, type Socket } from 'node:net'
import type { Address } from '../protocol/address.ts'
import type { Condition } from './fault.ts'
import { Flow } from './flow.ts'

/** Ends a connection with RST. A unix socket knows none: its other end reads the end of the stream, or an error. */
export function resetSocket(socket: Socket): void {
  // A unix socket has no address.
  if (socket.remoteAddress === undefined) socket.destroy()
  else socket.resetAndDestroy()
}

/** A connection through a link: the client's, and the one to the server. */
export class Passage {
  readonly #client: Socket
  readonly #server: Socket
  readonly #flows: readonly Flow[]
  #open = 2

  /** @param onEnd called when both ends are closed */
  constructor(client: Socket, target: Address, condition: Condition, onEnd: (passage: Passage) => void) {
    this.#client = client
    this.#server = connect({ ...target, allowHalfOpen: true, noDelay: true })
    for (const socket of [this.#client, this.#server]) {
      // The event 'close' tells of the error.
      socket.on('error', () => {})
      socket.once('close', hadError => {
        if (hadError) this.reset()
        if (--this.#open === 0) onEnd(this)
      })
    }
    this.#flows = [new Flow(client, this.#server, condition), new Flow(this.#server, client, condition)]
    client.resume()
  }

  set condition(condition: Condition) {
    for (const flow of this.#flows) flow.condition = condition
  }

  /** Closes both ends, without the data that is on the way. */
  end(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  /** Ends the client's connection with RST. */
  reset(): void {
    if (!this.#client.destroyed) resetSocket(this.#client)
    this.#server.destroy()
  }
}
