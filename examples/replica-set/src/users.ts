import { setTimeout as delay } from 'node:timers/promises'
import TarantoolConnection from 'tarantool-driver'

export interface Address {
  host: string
  port: number
}

/** A client of a replica set. It sends each request to the writable member, and looks for another one if that is lost. */
export class Users {
  readonly #connections: TarantoolConnection[]

  constructor(members: readonly Address[]) {
    this.#connections = members.map(({ host, port }) => {
      // The driver reconnects. A request that waits for that could come when another member is the leader.
      const connection = new TarantoolConnection({ host, port, enableOfflineQueue: false, retryStrategy: () => 50 })
      connection.on('error', () => {})
      return connection
    })
  }

  async put(id: number, name: string): Promise<void> {
    await this.#call('put_user', id, name)
  }

  async count(): Promise<number> {
    // The driver wraps each value in a list.
    const [[count]] = (await this.#call('count_users')) as [[number]]
    return count
  }

  close(): void {
    for (const connection of this.#connections) connection.disconnect()
  }

  // Tries until a writable member has answered, for 10 s.
  async #call(name: string, ...args: unknown[]): Promise<unknown[]> {
    for (const giveUpAt = Date.now() + 10_000; ; await delay(50)) {
      for (const connection of this.#connections) {
        try {
          const [[isWritable]] = (await within(500, connection.call('is_writable'))) as [[boolean]]
          if (isWritable) return await within(2000, connection.call(name, ...args))
        } catch (error) {
          if (Date.now() > giveUpAt) throw error
        }
      }
      if (Date.now() > giveUpAt) throw new Error('no member of the replica set is writable')
    }
  }
}

async function within<Result>(milliseconds: number, request: Promise<Result>): Promise<Result> {
  const late = new AbortController()
  const timeout = delay(milliseconds, undefined, { signal: late.signal }).then(() => {
    throw new Error(`no answer within ${milliseconds} ms`)
  })
  return await Promise.race([request, timeout]).finally(() => late.abort())
}
