import { createServer, type Server, type Socket } from 'node:net'
import type { Address } from '../protocol/address.ts'
import type { Condition, Fault } from './fault.ts'
import { Passage, resetSocket } from './passage.ts'
import { isOfUser } from './peer-owner.ts'

/** The ends of a link. */
export interface LinkEnds {
  /** The address on which the link listens. */
  readonly listen: Address
  /** The server at the other end. */
  readonly target: Address
  /** The users of the machine who may connect. Undefined: everybody who can reach the address. */
  readonly uids?: readonly number[] | undefined
}

/** Listens on an address and passes its connections on to another, with the faults that a test asks for. */
export class LinkProxy {
  readonly #ends: LinkEnds
  #condition: Condition
  #server: Server | undefined
  /** There is a server at the other end. */
  #isOpen = false
  readonly #passages = new Set<Passage>()
  /** Connections that lead nowhere yet. */
  readonly #held = new Set<Socket>()

  constructor(ends: LinkEnds, condition: Condition = { is: 'sound' }) {
    this.#ends = ends
    this.#condition = condition
  }

  /**
   * Begins to listen, unless the link is cut.
   *
   * @throws the system's error, if nothing can listen on the address
   */
  async open(): Promise<void> {
    if (this.#condition.is !== 'cut' && !this.#server) await this.#listen()
    this.#isOpen = true
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, socket => {
      void this.#accept(socket)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ ...this.#ends.listen, exclusive: true }, resolve)
    })
    server.on('error', () => {})
    this.#server = server
  }

  /** Makes a fault. @throws the system's error, if a healed link cannot listen on its address */
  async make(fault: Fault): Promise<void> {
    if (fault.is === 'reset') {
      this.#endAll(passage => passage.reset())
      return
    }
    this.#condition = fault
    if (fault.is === 'cut') {
      this.end()
      return
    }
    if (!this.#server && this.#isOpen) await this.#listen()
    for (const passage of this.#passages) passage.condition = fault
    if (fault.is !== 'hanging') for (const socket of this.#held) this.#pass(socket)
  }

  /** Frees the address. Open connections go on. */
  close(): void {
    this.#isOpen = false
    this.#deafen()
  }

  /** Frees the address, and ends all connections. */
  end(): void {
    this.#deafen()
    this.#endAll(passage => passage.end())
  }

  #deafen(): void {
    // The address is free when close() returns.
    this.#server?.close()
    this.#server = undefined
  }

  async #accept(socket: Socket): Promise<void> {
    socket.on('error', () => {})
    socket.once('close', () => this.#held.delete(socket))
    const { uids } = this.#ends
    // Nothing is read from a connection before its owner is known.
    if (uids && !(await isOfUser(socket, uids))) {
      resetSocket(socket)
      return
    }
    if (socket.destroyed) return
    if (this.#condition.is === 'cut') resetSocket(socket)
    else if (this.#condition.is === 'hanging') this.#held.add(socket)
    else this.#pass(socket)
  }

  #pass(socket: Socket): void {
    this.#held.delete(socket)
    const { target } = this.#ends
    this.#passages.add(new Passage(socket, target, this.#condition, passage => this.#passages.delete(passage)))
  }

  #endAll(end: (passage: Passage) => void): void {
    for (const passage of this.#passages) end(passage)
    for (const socket of this.#held) resetSocket(socket)
    this.#held.clear()
  }
}
