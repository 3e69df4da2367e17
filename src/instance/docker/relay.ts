import { rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { checkSocketPath } from '../place/addresses.ts'

/** A way out of a container: from a socket in its mounted directory to a port of this machine. */
interface Way {
  readonly path: string
  readonly host: string
  readonly port: number
}

/** The replication sources of a server in a container, and the relays that they need. */
export interface ReplicationWays {
  /** The sources in the form for the container. */
  readonly uris: readonly string[]
  readonly ways: readonly Way[]
}

// An account may precede the address, and parameters may follow it.
const loopback = /^(?:tcp:\/\/)?([^@/]*@)?(?:(127\.\d+\.\d+\.\d+|localhost):)?(\d+)([/?].*)?$/

/**
 * Translates replication sources that are on 127.0.0.1 of this machine, in other containers or in none. In a container,
 * 127.0.0.1 is the container itself, and ports that the engine publishes there cannot be reached at another address. A
 * unix socket in the mounted directory can be reached.
 *
 * @throws SocketPathTooLongError
 */
export function replicationWays(uris: readonly string[], directory: string): ReplicationWays {
  const ways: Way[] = []
  const translated = uris.map(uri => {
    const [, account = '', host = '127.0.0.1', port = '', parameters = ''] = loopback.exec(uri) ?? []
    if (port === '') return uri
    // In that case, the engine has a name for this machine, and its virtual machine does not expose sockets.
    if (process.platform !== 'linux') return `${account}host.docker.internal:${port}${parameters}`
    const path = join(directory, `source-${ways.length + 1}.sock`)
    checkSocketPath(path, 'socket of a replication source')
    ways.push({ path, host, port: Number(port) })
    return `${account}unix/:${path}${parameters}`
  })
  return { uris: translated, ways }
}

/**
 * Opens the relays in this process. They do not keep the process alive.
 *
 * @returns the function that closes them, and the connections through them
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
    // The end of the connection follows. If a source does not run yet, the server in the container tries again.
    socket.on('error', () => {})
    socket.once('close', () => {
      sockets.delete(socket)
      peer.destroy()
    })
    socket.pipe(peer)
  }
}
