import { rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { checkSocketPath } from '../place/addresses.ts'

/** A way out of a container, from a socket in its mounted directory to a port of this machine. */
interface Way {
  readonly path: string
  readonly host: string
  readonly port: number
}

/** Where a server in a container replicates from, and what has to be there for it. */
export interface ReplicationWays {
  /** As the container is to have them. */
  readonly uris: readonly string[]
  readonly ways: readonly Way[]
}

// With or without an account before it, and parameters after it.
const loopback = /^(?:tcp:\/\/)?([^@/]*@)?(?:(127\.\d+\.\d+\.\d+|localhost):)?(\d+)([/?].*)?$/

/**
 * Translates replication sources that are on 127.0.0.1 of this machine, in other containers or in none: in a container that
 * is its own address, and a port that is published there is not to be reached from it by any other either. A unix
 * socket in the mounted directory is.
 *
 * @throws SocketPathTooLongError
 */
export function replicationWays(uris: readonly string[], directory: string): ReplicationWays {
  const ways: Way[] = []
  const translated = uris.map(uri => {
    const [, account = '', host = '127.0.0.1', port = '', parameters = ''] = loopback.exec(uri) ?? []
    if (port === '') return uri
    // There the engine has a name for it, and sockets do not get into its virtual machine.
    if (process.platform !== 'linux') return `${account}host.docker.internal:${port}${parameters}`
    const path = join(directory, `source-${ways.length + 1}.sock`)
    checkSocketPath(path, 'socket of a replication source')
    ways.push({ path, host, port: Number(port) })
    return `${account}unix/:${path}${parameters}`
  })
  return { uris: translated, ways }
}

/**
 * Opens them, in this process, which they do not keep alive.
 *
 * @returns what closes them, and what goes through them
 */
export async function openWays(ways: readonly Way[]): Promise<() => void> {
  const servers: Server[] = []
  const sockets = new Set<Socket>()
  const close = (): void => {
    for (const server of servers) server.close()
    for (const socket of sockets) socket.destroy()
  }
  try {
    for (const { path, host, port } of ways) {
      const server = createServer(socket => joinSockets(socket, connect(port, host), sockets))
      servers.push(server)
      rmSync(path, { force: true })
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
      server.unref()
    }
    return close
  } catch (error) {
    close()
    throw error
  }
}

function joinSockets(one: Socket, other: Socket, sockets: Set<Socket>): void {
  for (const [socket, peer] of [
    [one, other],
    [other, one],
  ] as const) {
    sockets.add(socket)
    socket.unref()
    // Its end follows. A server that is not there yet is tried again by the one in the container.
    socket.on('error', () => {})
    socket.once('close', () => {
      sockets.delete(socket)
      peer.destroy()
    })
    socket.pipe(peer)
  }
}
