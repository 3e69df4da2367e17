import { dirname, join, relative } from 'node:path'
import { placeInCluster, type ResolvedOptions } from '../../config/resolve.ts'
import { InvalidOptionError, SocketPathTooLongError } from '../../errors.ts'
import type { Address } from '../../protocol/address.ts'

/** The addresses of an instance. */
export interface InstanceAddresses {
  /** A port number, or the path of a unix socket. */
  readonly port: number | string
  /** The server's address in messages. */
  readonly listen: string
  /** The ports of the option `ports`, by their names. */
  readonly ports: Readonly<Record<string, number>>
  /**
   * The same addresses as the server sees them. A server in a container listens on a port of its own, which the engine
   * publishes. `console` is undefined while another server has the console's address, and if the console is the agent.
   */
  readonly own: {
    readonly host: string
    readonly listen: string
    readonly agent: string
    readonly console: string | undefined
    /** The named ports that the application binds. A server that stands by has others than it will have. */
    readonly ports: Readonly<Record<string, number>>
  }
  readonly binary: Address
  /** The address of the link before the server, if there is one. */
  readonly front: Address | undefined
  readonly title: string
  readonly console: {
    readonly host: string
    readonly port: number | string
    readonly uri: string
    readonly address: Address
  }
  /** The console that only the fixture uses. The application does not see requests that come through it. */
  readonly agent: Address
  /**
   * Set for a server that stands by. Such a server does not listen on its port yet, nor on its console if another server
   * has the console.
   */
  readonly standby?: {
    /** The console's address, if it is to be taken over, too. */ readonly consoleToBe: string | undefined
  }
}

// sun_path of sockaddr_un, less the zero at its end.
const longestSocketPath = process.platform === 'darwin' ? 103 : 107

/**
 * Refuses a path that the system would cut.
 *
 * @throws SocketPathTooLongError
 */
export function checkSocketPath(path: string, what: string): void {
  const length = Buffer.byteLength(path)
  if (length <= longestSocketPath) return
  throw new SocketPathTooLongError(
    `the path of the ${what} has ${length} bytes, but a unix socket's path can have at most ${longestSocketPath}: ${path}`,
    { hint: "Use a shorter 'root', or a shorter path." },
  )
}

// An IPv6 address needs brackets before its port.
const hostForUri = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** A user's name or password in the form of a URI. Characters that RFC 3986 allows there stay as they are. */
export function forUri(text: string): string {
  return text.replaceAll(/[^\w.~!$&'()*+,;=-]/gu, encodeURIComponent)
}

/** A host and port, or a socket path, in the form of Tarantool's URIs: `127.0.0.1:3301`, `unix/:/path`. */
export function toUri(host: string, port: number | string): string {
  return host === 'unix/' ? `unix/:${port}` : `${hostForUri(host)}:${port}`
}

// Tarantool's URI of a socket has no escapes. Tarantool silently cuts the path at a character that starts the next part
// of a URI. A percent sign ends the console's URI, and from 2.10 on a comma begins another URI.
const fitsUri = /^[\w./~!$&'()*+;=@-]*$/

/** A socket's URI for the server itself, whose working directory is the instance's directory. */
export function uriForServer(host: string, port: number | string, workDir: string): string {
  if (host !== 'unix/' || fitsUri.test(String(port))) return toUri(host, port)
  const fromHere = `./${relative(workDir, String(port))}`
  if (fitsUri.test(fromHere)) return toUri(host, fromHere)
  throw new InvalidOptionError(`Tarantool cannot listen on a socket whose path is ${JSON.stringify(port)}`, {
    hint: 'Its URIs cannot contain spaces, quotes, colons, commas, percent signs and similar characters, or letters outside ASCII.',
  })
}

// An address that means every interface is for a server to listen on. A client cannot connect to it.
const connectHost = (host: string): string =>
  host === '0.0.0.0' || host === '*' ? '127.0.0.1' : host === '::' ? '::1' : host

function toAddress(host: string, port: number | string): Address {
  return host === 'unix/' ? { path: String(port) } : { host: connectHost(host), port: Number(port) }
}

/**
 * Works out an instance's addresses.
 *
 * @param tcpPort the port to listen on, if the user fixed none
 * @param ports the named ports
 * @throws SocketPathTooLongError
 */
export function resolveAddresses(
  options: ResolvedOptions,
  workDir: string,
  tcpPort: number | undefined,
  consoleTcpPort: number | undefined,
  ports: Readonly<Record<string, number>> = {},
): InstanceAddresses {
  const port = options.port ?? (options.host === 'unix/' ? join(workDir, 'server.sock') : (tcpPort ?? 0))
  const consolePort =
    options.consolePort ?? (options.consoleHost === 'unix/' ? join(workDir, 'console.sock') : (consoleTcpPort ?? 0))
  if (options.host === 'unix/') checkSocketPath(String(port), 'server socket')
  if (options.consoleHost === 'unix/') checkSocketPath(String(consolePort), 'console socket')
  // Behind a link, the server has a socket that only you can reach.
  const socket = options.links ? (placeInCluster(options)?.serverSocket ?? join(workDir, 'server.sock')) : undefined
  if (socket !== undefined) checkSocketPath(socket, 'server socket')
  // In a container, 127.0.0.1 can be reached only from inside the container.
  const own = (host: string): string => (options.docker && host !== 'unix/' ? '0.0.0.0' : host)
  const console = {
    host: options.consoleHost,
    port: consolePort,
    uri: uriForServer(options.consoleHost, consolePort, workDir),
    address: toAddress(options.consoleHost, consolePort),
  }
  const ownConsole = uriForServer(own(options.consoleHost), consolePort, workDir)
  const agentSocket = placeInCluster(options)?.agentSocket ?? join(workDir, 'agent.sock')
  const agentPath = options.docker === undefined || process.platform === 'linux' ? agentSocket : undefined
  if (agentPath !== undefined) checkSocketPath(agentPath, "agent's socket")
  return {
    port,
    listen: uriForServer(options.host, port, workDir),
    ports,
    own: {
      host: own(options.host),
      listen: socket ? uriForServer('unix/', socket, workDir) : uriForServer(own(options.host), port, workDir),
      agent: agentPath === undefined ? ownConsole : uriForServer('unix/', agentPath, workDir),
      console: agentPath === undefined ? undefined : ownConsole,
      ports,
    },
    // A virtual machine does not expose the sockets of a mounted directory.
    agent: agentPath === undefined ? console.address : { path: agentPath },
    binary: socket === undefined ? toAddress(options.host, port) : { path: socket },
    front: socket === undefined ? undefined : toAddress(options.host, port),
    title: options.title ?? `tnt[${toUri(options.host, port)}]`,
    console,
  }
}

/**
 * The addresses of a server that stands by, while another server has the addresses to take over.
 *
 * @param ports the named ports until then
 */
export function standbyAddresses(
  toBe: InstanceAddresses,
  workDir: string,
  ports: Readonly<Record<string, number>> = {},
): InstanceAddresses {
  const { address } = toBe.console
  const isItsOwn = 'path' in address && dirname(address.path) === workDir
  if (isItsOwn) return { ...toBe, own: { ...toBe.own, ports }, standby: { consoleToBe: undefined } }
  return { ...toBe, own: { ...toBe.own, console: undefined, ports }, standby: { consoleToBe: toBe.own.console } }
}
