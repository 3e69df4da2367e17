import TarantoolConnection from 'tarantool-driver'

export interface Address {
  host: string
  port: number
}

/** A connection to the shop's database. */
export class Database {
  readonly #connection: InstanceType<typeof TarantoolConnection>

  constructor({ host, port }: Address) {
    this.#connection = new TarantoolConnection({ host, port, lazyConnect: true })
  }

  /** Calls a stored function that returns a tuple, or nothing. */
  async tuple<Tuple extends unknown[]>(name: string, ...args: unknown[]): Promise<Tuple | undefined> {
    const [tuple] = await this.#connection.call(name, ...args)
    return Array.isArray(tuple) && tuple.length > 1 ? (tuple as Tuple) : undefined
  }

  /** Calls a stored function that returns a number. The driver's protocol makes a tuple of the number. */
  async number(name: string, ...args: unknown[]): Promise<number> {
    const [[value]] = (await this.#connection.call(name, ...args)) as [[number]]
    return value
  }

  async close(): Promise<void> {
    this.#connection.disconnect()
  }
}
