import type { LeasedServerInfo } from '../broker/leased-info.ts'
import { ConnectionError, LuaError } from '../errors.ts'
import { AgentConnection } from '../isolation/agent-connection.ts'
import type { AgentOperation, AgentReply } from '../isolation/server.ts'
import type { ServerConnections } from '../protocol/connections.ts'
import { loadProtocols } from '../protocol/load-protocols.ts'

// The time in milliseconds that a server may take to undo changes before it counts as stuck.
const agentTimeout = 10_000

/** Events of a worker's connections to a server. */
export interface ConnectionEvents {
  /** A request broke off. This may come before the watching connection ends. */
  brokeOff(): void
  /** The connection that watches the process has ended. */
  ended(): void
}

/**
 * The connections between a worker and its server.
 *
 * One goes to the console. Its end is the signal that the server has died. It carries only requests that undo changes,
 * so that an undo does not wait behind a command of the test.
 */
export class WorkerConnections {
  readonly #events: ConnectionEvents
  #info: LeasedServerInfo
  #requests: ServerConnections | undefined
  #agent: AgentConnection

  constructor(info: LeasedServerInfo, events: ConnectionEvents) {
    this.#info = info
    this.#events = events
    this.#agent = this.#watch()
  }

  /** True while the process is watched. False after the process has ended. */
  get isWatching(): boolean {
    return this.#agent.isOpen
  }

  /** Sends a request of the test. */
  async request<Result>(send: (connections: ServerConnections) => Promise<Result>): Promise<Result> {
    const { ServerConnections } = await loadProtocols()
    this.#requests ??= new ServerConnections(this.#info.address)
    try {
      return await send(this.#requests)
    } catch (error) {
      if (error instanceof ConnectionError) this.#events.brokeOff()
      throw error
    }
  }

  /** Asks the agent in the server. */
  async ask(operation: AgentOperation, keep?: number, limit?: number): Promise<AgentReply> {
    try {
      return await this.#agent.request(operation, keep, limit ?? (this.#requests ? this.#requests.answered : 0))
    } catch (error) {
      if (error instanceof LuaError) return { lost: error.luaMessage }
      throw error
    }
  }

  /** Called when another process may be the server now. */
  connectTo(info: LeasedServerInfo): void {
    this.#info = info
    this.endRequests()
    this.watchAgain()
  }

  /** Watches the same process again, or the process that replaced it. */
  watchAgain(): void {
    const former = this.#agent
    this.#agent = this.#watch()
    former.destroy()
  }

  /** Ends the requests' connections. The server stays watched. */
  endRequests(): void {
    this.#requests?.close()
    this.#requests = undefined
  }

  close(): void {
    this.endRequests()
    this.#agent.destroy()
  }

  #watch(): AgentConnection {
    const agent = new AgentConnection(this.#info.address.console, agentTimeout, () => {
      if (agent === this.#agent) this.#events.ended()
    })
    return agent
  }
}
