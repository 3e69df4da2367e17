import type { ServerAddress } from '../../protocol/address.ts'
import type { ServerConnections } from '../../protocol/connections.ts'
import { loadProtocols } from '../../protocol/load-protocols.ts'
import { explainPause, explainReadOnly, isReadOnly, type ReadOnlyMember } from '../../protocol/unanswered.ts'
import type { ServerDetails } from '../failure/details.ts'
import { errorOfEnd } from '../failure/exit-failure.ts'
import { resumeHint } from '../failure/paused.ts'
import type { TarantoolProcess } from '../process.ts'
import { exitBehind } from './exit-behind.ts'

/** Says of a member of a replica set who is the leader. */
export type FindLeader = () => Promise<ReadOnlyMember>

/** The requests of an instance's user, and the connections that they share. */
export class Requests {
  readonly #details: () => ServerDetails
  /** Finds the leader of a replica set that has the instance. */
  findLeader: FindLeader | undefined
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
    const { ServerConnections } = await loadProtocols()
    this.#connections ??= new ServerConnections(address)
    try {
      return await send(this.#connections)
    } catch (error) {
      const exit = await exitBehind(error, process)
      if (exit) throw errorOfEnd(exit, 'answered', this.#details(), error)
      throw process.isPaused ? explainPause(error, resumeHint) : await this.#explain(error)
    }
  }

  /** The number of open binary connections. Undefined if a request of theirs may still run. */
  get answered(): number | undefined {
    return this.#connections ? this.#connections.answered : 0
  }

  async #explain(error: unknown): Promise<unknown> {
    if (!isReadOnly(error) || !this.findLeader) return error
    return explainReadOnly(error, await this.findLeader())
  }

  disconnect(): void {
    this.#connections?.close()
    this.#connections = undefined
  }
}
