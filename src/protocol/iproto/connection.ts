import type { Socket } from 'node:net'
import { ConnectionError, LuaError, ProtocolError } from '../../errors.ts'
import { loadModule } from '../../load-module.ts'
import { isAtLeast, tryParseVersion } from '../../version/version.ts'
import type { Address } from '../address.ts'
import { Channel } from '../channel.ts'
import type { RequestOptions } from '../request-table.ts'
import { type ConnectOptions, fingerprint, openSocket } from '../socket.ts'
import { chunkStatus, errorExtension, errorFlag, firstAnnounced, iprotoKey, requestType } from './constants.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import { type Greeting, parseGreeting } from './greeting.ts'
import { messageOf, type Reply, readReply, toValues } from './reply.ts'

/** The options of a connection over the binary protocol. */
export interface IprotoOptions extends ConnectOptions {
  /** Default `guest`. */
  user?: string | undefined
  /** Default: empty. A guest without password is not authenticated, because every connection begins as guest. */
  password?: string | undefined
}

/**
 * A connection over Tarantool's binary protocol, IPROTO.
 *
 * Requests go out at once, and each reply is matched to its request. For the types of values see `codec.ts`. The
 * connection keeps Node alive only while a request waits.
 *
 * Every request rejects with RequestTimeoutError after its `timeout` (in milliseconds, no limit by default). It rejects
 * with ConnectionError as soon as the connection ends. After a timeout the connection can still be used.
 *
 * @example
 * const connection = await IprotoConnection.connect({ host: '127.0.0.1', port: 3301 }, { user: 'app', password: 'secret' })
 * await connection.call('math.max', [1, 2]) // [2]
 * connection.close()
 */
export class IprotoConnection {
  /** The 128 bytes of the server's greeting. */
  readonly greeting: string
  /** The version that the server names in its greeting, such as `2.6.0`. */
  readonly serverVersion: string
  /** The salt of this connection, in base64. */
  readonly salt: string
  readonly #channel: Channel<Reply>
  readonly #frames: FrameReader
  /** The connection began with an announcement: a ping whose reply is ignored. */
  readonly #isAnnounced: boolean
  #lastSync = 0
  /** The number of requests without a reply. They may still run, even if nobody waits for the reply any more. */
  #unanswered = 0

  private constructor(socket: Socket, address: Address, text: string, greeting: Greeting, isAnnounced: boolean) {
    this.greeting = text
    this.serverVersion = greeting.serverVersion
    this.salt = greeting.salt
    this.#isAnnounced = isAnnounced
    this.#frames = new FrameReader(fingerprint(address))
    this.#channel = new Channel(socket, address, chunk => this.#receive(chunk))
  }

  /**
   * Connects, and authenticates if `user` or `password` asks for it.
   *
   * @throws ConnectionError if nobody listens, no greeting comes within `timeout`, or a console answers
   * @throws BoxError if the server refuses the user or the password
   */
  static async connect(address: Address, options: IprotoOptions = {}): Promise<IprotoConnection> {
    const { socket, greeting: text, remaining } = await openSocket(address, options)
    const greeting = parseGreeting(text)
    if (!greeting) {
      socket.destroy()
      throw notBinary(address, text)
    }
    const connection = new IprotoConnection(socket, address, text, greeting, options.firstBytes !== undefined)
    try {
      await connection.#introduce({ ...options, timeout: remaining })
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  /**
   * Runs Lua code and returns the list of its results. `args` are the values of `...` in the code.
   *
   * @throws LuaError if the code raised an error; BoxError if the database raised the error
   * @throws ProtocolError if an argument or a result cannot be represented in the other language
   *
   * @example
   * await connection.eval('local a, b = ... return a + b', [1, 2]) // [3]
   */
  eval(lua: string, args: readonly unknown[] = [], options: RequestOptions = {}): Promise<unknown[]> {
    return this.#request(
      requestType.eval,
      'an eval',
      [
        [iprotoKey.expression, lua],
        [iprotoKey.tuple, args],
      ],
      options,
    )
  }

  /**
   * Calls a function by its name, such as `box.info` or `space:method`, and returns the list of its results.
   *
   * @throws the errors of {@link eval}; BoxError 33 (`ER_NO_SUCH_PROC`) if the function does not exist
   *
   * @example
   * await connection.call('box.space.users:get', [1]) // [[1, 'ann']]
   */
  call(name: string, args: readonly unknown[] = [], options: RequestOptions = {}): Promise<unknown[]> {
    return this.#request(
      requestType.call,
      `a call of ${name}`,
      [
        [iprotoKey.functionName, name],
        [iprotoKey.tuple, args],
      ],
      options,
    )
  }

  /** Resolves when the server answers. */
  async ping(options: RequestOptions = {}): Promise<void> {
    await this.#request(requestType.ping, 'a ping', [], options)
  }

  /** Ends the connection at once. Waiting requests reject with ConnectionError. */
  close(): void {
    this.#channel.close()
  }

  /** True if no request may still run in the server. */
  get isAnswered(): boolean {
    return this.#unanswered === 0
  }

  /** False once the connection has ended. */
  get open(): boolean {
    return this.#channel.open
  }

  /** Resolves when the connection has ended, on either side. Never rejects. */
  get closed(): Promise<void> {
    return this.#channel.closed
  }

  async #introduce(options: IprotoOptions): Promise<void> {
    const { user = 'guest', password = '', timeout, signal } = options
    // Most accounts have no password, and Node's crypto takes longer to load than this package.
    const auth = user === 'guest' && password === '' ? undefined : await loadModule(() => import('./auth.ts'))
    const waits: Promise<unknown>[] = []
    if (knowsFeatures(this.serverVersion)) {
      // A server that refuses this request can still be used.
      const body: Body = [
        [iprotoKey.version, 1],
        [iprotoKey.features, [errorExtension]],
      ]
      waits.push(this.#request(requestType.id, 'its features', body, { timeout, signal }).catch(ignoreRefusal))
    }
    if (auth) {
      const body: Body = [
        [iprotoKey.userName, user],
        [iprotoKey.tuple, [auth.chapSha1, auth.scramble(this.salt, password)]],
      ]
      waits.push(this.#request(requestType.auth, `the authentication of ${user}`, body, { timeout, signal }))
    }
    await Promise.all(waits)
  }
  async #request(type: number, what: string, body: Body, options: RequestOptions): Promise<unknown[]> {
    const { instance } = this.#channel
    this.#lastSync = (this.#lastSync % (firstAnnounced - 1)) + 1
    const sync = this.#lastSync
    const frame = encodeFrame(type, sync, new Map(body))
    const reply = await this.#channel.request(sync, what, options, () => {
      this.#unanswered++
      this.#channel.write(frame)
    })
    return toValues(reply, instance)
  }

  #receive(chunk: Buffer): void {
    const { instance, requests } = this.#channel
    try {
      for (const frame of this.#frames.push(chunk)) this.#answer(readReply(frame, instance))
    } catch (error) {
      // The request that this reply answers is unknown, and so may be the beginning of the next reply.
      requests.rejectAll(error)
      this.#channel.close('received data that is not IPROTO, and was closed')
    }
  }

  #answer(reply: Reply): void {
    const { instance, requests } = this.#channel
    const { type, sync } = reply
    if (type === chunkStatus) return
    if (sync >= firstAnnounced && this.#isAnnounced) return
    // A smaller number may belong to a request that has timed out.
    if (sync === 0 || sync > this.#lastSync) {
      const why = type & errorFlag ? `: ${messageOf(reply, instance)}` : ''
      throw new ProtocolError(`${instance} answered request ${sync}, which was never sent${why}`, { instance })
    }
    this.#unanswered--
    requests.resolve(sync, reply)
  }
}

type Body = [key: number, value: unknown][]

// From 2.10 on, a client may tell the server which features the client understands.
function knowsFeatures(serverVersion: string): boolean {
  const version = tryParseVersion(serverVersion)
  return version !== undefined && isAtLeast(version, 2, 10)
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof LuaError)) throw error
}

function notBinary(address: Address, greeting: string): ConnectionError {
  const instance = fingerprint(address)
  const what = greeting.includes('(Lua console)') ? 'a Lua console' : JSON.stringify(greeting.slice(0, 63).trim())
  return new ConnectionError(`Cannot speak the binary protocol with ${instance}: ${what} answers there`, { instance })
}
