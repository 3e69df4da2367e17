import { ProtocolError, RequestTimeoutError } from '../../errors.ts'
import { AgentConnection } from '../../isolation/agent-connection.ts'
import type { AgentOperation, AgentReply, MemberOperation } from '../../isolation/server.ts'
import type { Address } from '../../protocol/address.ts'
import type { ServerDetails } from '../failure/details.ts'
import { errorOfEnd } from '../failure/exit-failure.ts'
import type { TarantoolProcess } from '../process.ts'
import { exitBehind } from './exit-behind.ts'

/** Makes a server's agent undo, or describe, the changes since the application was loaded. */
export class Rewind {
  /** In milliseconds. */
  readonly #timeout: number
  readonly #details: () => ServerDetails
  #agent: AgentConnection | undefined

  constructor(timeout: number, details: () => ServerDetails) {
    this.#timeout = timeout
    this.#details = details
  }

  /** Resolves to the changes that could not be undone in place. @throws ServerExitedError if the server ends first */
  async rewind(process: TarantoolProcess, console: Address): Promise<AgentReply> {
    return await this.#ask(process, console, 'was reset', agent => agent.request('rewind', 0))
  }

  /** @throws ServerExitedError if the server ends first */
  async changes(process: TarantoolProcess, console: Address, limit: number): Promise<AgentReply> {
    return await this.#ask(process, console, 'answered', agent => agent.request('changes', 0, limit))
  }

  /** Asks a member of a cluster. @throws ServerExitedError if the server ends first */
  async ask(
    process: TarantoolProcess,
    console: Address,
    operation: AgentOperation | MemberOperation,
    keep: number,
    terms: string | undefined,
  ): Promise<AgentReply> {
    return await this.#ask(process, console, 'was reset', agent => agent.request(operation, keep, terms))
  }

  async #ask(
    process: TarantoolProcess,
    console: Address,
    aim: string,
    ask: (agent: AgentConnection) => Promise<AgentReply>,
  ): Promise<AgentReply> {
    try {
      return await ask(this.#agent ?? this.#connect(console))
    } catch (error) {
      const exit = await exitBehind(error, process)
      if (exit) throw errorOfEnd(exit, aim, this.#details(), error)
      // A server whose Lua never yields does not answer.
      if (error instanceof RequestTimeoutError || error instanceof ProtocolError) return { lost: error.summary }
      throw error
    }
  }

  disconnect(): void {
    this.#agent?.destroy()
    this.#agent = undefined
  }

  #connect(console: Address): AgentConnection {
    const agent = new AgentConnection(console, this.#timeout, () => {
      if (this.#agent === agent) this.#agent = undefined
    })
    this.#agent = agent
    return agent
  }
}
