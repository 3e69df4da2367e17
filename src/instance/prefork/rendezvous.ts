import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** The two connections of a forked process: its stdin and its stdout. */
export interface Connections {
  readonly lifeline: Socket
  readonly report: Socket
}

interface Waiting {
  readonly sockets: Partial<Record<keyof Connections, Socket>>
  readonly resolve: (connections: Connections) => void
}

// A connection begins with its kind, and with the order's number in nine digits. fixtures/prefork/boot.lua writes them.
const headerSize = 10

/** The unix socket on which the children of a zygote connect their stdin and stdout to the owner. */
export class Rendezvous {
  readonly path: string
  readonly #server: Server
  readonly #waiting = new Map<number, Waiting>()

  private constructor(path: string) {
    this.path = path
    this.#server = createServer(socket => this.#greet(socket))
    this.#server.unref()
  }

  /** Listens on a path. @throws if that is not possible */
  static async listen(path: string): Promise<Rendezvous> {
    const rendezvous = new Rendezvous(path)
    const server = rendezvous.#server.listen(path)
    server.ref()
    await once(server, 'listening')
    server.unref()
    return rendezvous
  }

  /** Resolves when the child of an order has connected both. */
  connected(id: number): Promise<Connections> {
    return new Promise(resolve => this.#waiting.set(id, { sockets: {}, resolve }))
  }

  /** Waits for a child no more. A child that connects later finds its connections closed, and ends by itself. */
  forget(id: number): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    for (const socket of Object.values(waiting?.sockets ?? {})) socket.destroy()
  }

  /** Stops listening, and removes the socket. The connections that were handed out stay. */
  close(): void {
    for (const id of [...this.#waiting.keys()]) this.forget(id)
    this.#server.close()
  }

  #greet(socket: Socket): void {
    socket.on('error', () => {})
    const onReadable = (): void => {
      const header = socket.read(headerSize) as Buffer | null
      if (header === null) return
      socket.off('readable', onReadable)
      this.#take(socket, header.toString('latin1'))
    }
    socket.on('readable', onReadable)
  }

  #take(socket: Socket, header: string): void {
    const id = Number(header.slice(1))
    const waiting = this.#waiting.get(id)
    if (!waiting) {
      socket.destroy()
      return
    }
    waiting.sockets[header.startsWith('L') ? 'lifeline' : 'report'] = socket
    const { lifeline, report } = waiting.sockets
    if (!lifeline || !report) return
    this.#waiting.delete(id)
    waiting.resolve({ lifeline, report })
  }
}
