import { ConnectionError } from '../errors.ts'
import type { ServerAddress } from './address.ts'
import { ConsoleConnection } from './console/connection.ts'
import { connectUnheard } from './iproto/announcement.ts'
import { IprotoConnection } from './iproto/connection.ts'
import { openWithin } from './open-within.ts'
import type { RequestOptions } from './request-table.ts'

interface Connection {
  /** Resolves when the connection has ended. */
  readonly closed: Promise<unknown>
  /** True if no request of the connection may still run. */
  readonly isAnswered?: boolean
  close(): void
}

/** A connection that opens on first use, and again after its end. */
class KeptConnection<Kind extends Connection> {
  readonly #connect: () => Promise<Kind>
  #current: Promise<Kind> | undefined
  #opened: Kind | undefined

  constructor(connect: () => Promise<Kind>) {
    this.#connect = connect
  }

  get(): Promise<Kind> {
    if (this.#current) return this.#current
    const made = this.#connect()
    this.#current = made
    const forget = (): void => {
      if (this.#current === made) this.#forget()
    }
    made
      .then(async connection => {
        if (this.#current === made) this.#opened = connection
        await connection.closed
      })
      .then(forget, forget)
    return made
  }

  /** The number of connections: 0 or 1. Undefined if a request may still run. */
  get answered(): number | undefined {
    if (!this.#current) return 0
    return this.#opened?.isAnswered ? 1 : undefined
  }

  close(): void {
    this.#current?.then(
      connection => connection.close(),
      () => {},
    )
    this.#forget()
  }

  #forget(): void {
    this.#current = undefined
    this.#opened = undefined
  }
}

// A connection's end is an event. An error that comes from the event does not know the line that waits for a reply.
async function withStackOfCaller<Result>(request: () => Promise<Result>): Promise<Result> {
  try {
    return await request()
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    // Not the error itself as the cause: runners show it once more, with the same text.
    const { summary, instance, hint, cause } = error
    throw new ConnectionError(summary, { instance, hint, cause })
  }
}

/** The connections to one server. */
export class ServerConnections {
  readonly #address: ServerAddress
  readonly #console: KeptConnection<ConsoleConnection>
  readonly #binary: KeptConnection<IprotoConnection>

  constructor(address: ServerAddress) {
    this.#address = address
    this.#console = new KeptConnection(() => ConsoleConnection.connect(address.console))
    this.#binary = new KeptConnection(async () => {
      const { binary, console, credentials } = address
      return await connectUnheard(console, binary, firstBytes =>
        IprotoConnection.connect(binary, { ...credentials, firstBytes }),
      )
    })
  }

  /** The two lines of the console's greeting. */
  async greeting(): Promise<string> {
    return await withStackOfCaller(async () => (await this.#console.get()).greeting)
  }

  async command(lua: string, options: RequestOptions): Promise<unknown[]> {
    return await withStackOfCaller(async () => {
      const console = await openWithin(this.#console.get(), this.#address.console, options.timeout)
      return await console.command(lua, options)
    })
  }

  async eval(lua: string, args: unknown[]): Promise<unknown[]> {
    return await withStackOfCaller(async () => await (await this.#binary.get()).eval(lua, args))
  }

  async call(name: string, args: unknown[]): Promise<unknown[]> {
    return await withStackOfCaller(async () => await (await this.#binary.get()).call(name, args))
  }

  /** The number of open binary connections. Undefined if a request of theirs may still run. */
  get answered(): number | undefined {
    return this.#binary.answered
  }

  close(): void {
    this.#console.close()
    this.#binary.close()
  }
}
