import type { LeasedServerInfo } from '../broker/messages.ts'
import { ConnectionError, LuaError } from '../errors.ts'
import { AgentConnection, type AgentOperation, type AgentReply } from '../protocol/agent-connection.ts'
import { ServerConnections } from '../protocol/connections.ts'

// How long, in milliseconds, a server may take to undo changes before it counts as stuck.
const agentTimeout = 10_000

/**
 * The connections between a worker and its server.
 *
 * One goes to the console: its end says at once that the server has died, and it serves nothing but the undoing of changes,
 * so that it does not wait behind a command of the test's.
 */
export class ServerLines {
  #info: LeasedServerInfo
  #connections: ServerConnections | undefined
  #agent: AgentConnection
  #isDown = false
  #brokeOff = false

  constructor(info: LeasedServerInfo) {
    this.#info = info
    this.#agent = this.#watchOver()
  }

  /** The server has ended. */
  get isDown(): boolean {
    return this.#isDown
  }

  /** A request broke off, which can be heard of before the watching connection's end. */
  get brokeOff(): boolean {
    return this.#brokeOff
  }

  /** Sends a request to the server itself. */
  async request<Result>(send: (connections: ServerConnections) => Promise<Result>): Promise<Result> {
    this.#connections ??= new ServerConnections(this.#info.address)
    try {
      return await send(this.#connections)
    } catch (error) {
      if (error instanceof ConnectionError) this.#brokeOff = true
      throw error
    }
  }

  /** Asks the agent in the server. */
  async ask(operation: AgentOperation, depth: number): Promise<AgentReply> {
    try {
      return await this.#agent.request(operation, depth)
    } catch (error) {
      if (error instanceof LuaError) return { lost: error.luaMessage }
      throw error
    }
  }

  /** A request has heard of the server's end. */
  suspect(): void {
    this.#brokeOff = true
  }

  /** What looked like the server's end was one, or was none. */
  settle(hasEnded: boolean): void {
    this.#brokeOff = false
    if (!hasEnded && this.#isDown) this.#agent = this.#watchOver()
    else if (hasEnded) this.#isDown = true
  }

  /** Another process may be the server now. */
  connectTo(info: LeasedServerInfo): void {
    this.#info = info
    this.disconnect()
    this.#brokeOff = false
    this.#agent.destroy()
    this.#agent = this.#watchOver()
  }

  /** Ends the requests' connections; the server is still watched. */
  disconnect(): void {
    this.#connections?.close()
    this.#connections = undefined
  }

  close(): void {
    this.disconnect()
    this.#agent.destroy()
  }

  #watchOver(): AgentConnection {
    this.#isDown = false
    const agent = new AgentConnection(this.#info.address.console, agentTimeout, () => {
      if (agent === this.#agent) this.#isDown = true
    })
    return agent
  }
}
