import type { ServerAddress } from '../../protocol/address.ts'
import { ServerConnections } from '../../protocol/connections.ts'
import type { ServerDetails } from '../failure/details.ts'
import { errorOfEnd } from '../failure/exit-failure.ts'
import type { TarantoolProcess } from '../process.ts'
import { exitBehind } from './exit-behind.ts'

/** The requests of an instance's user, and the connections that they share. */
export class Requests {
  readonly #details: () => ServerDetails
  #connections: ServerConnections | undefined

  constructor(details: () => ServerDetails) {
    this.#details = details
  }

  /** @throws ServerExitedError if the server ends first */
  async send<Result>(
    process: TarantoolProcess,
    address: ServerAddress,
    send: (connections: ServerConnections) => Promise<Result>,
  ): Promise<Result> {
    this.#connections ??= new ServerConnections(address)
    try {
      return await send(this.#connections)
    } catch (error) {
      const exit = await exitBehind(error, process)
      throw exit ? errorOfEnd(exit, 'answered', this.#details(), error) : error
    }
  }

  /** The number of open binary connections. Undefined if a request of theirs may still run. */
  get answered(): number | undefined {
    return this.#connections ? this.#connections.answered : 0
  }

  disconnect(): void {
    this.#connections?.close()
    this.#connections = undefined
  }
}
