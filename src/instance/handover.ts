import { luaLiteral } from '../protocol/lua-literal.ts'
import type { RequestOptions } from '../protocol/request-table.ts'
import { errorOfTakeOver } from './failure/port-failure.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { InstanceAddresses } from './place/addresses.ts'
import type { Workspace } from './place/workspace.ts'
import { takeOverAddress } from './start/standby.ts'

// In milliseconds. If a server does not answer within this time, it cannot give up its address or take it back.
const stepsWithin = 5000

/** A running server that gets an address from another one, or gives its own away. */
interface HandoverSpec {
  readonly workspace: Workspace
  readonly lifecycle: Lifecycle
  /** In milliseconds: the option `timeout`. */
  readonly timeout: number
  /** @throws NotRunningError, RequestTimeoutError, LuaError */
  readonly command: (lua: string, options: RequestOptions) => Promise<unknown[]>
  /** @throws NotRunningError before the addresses are chosen */
  readonly addresses: () => InstanceAddresses
  /** Closes the connections of this process to the server. */
  readonly disconnect: () => void
}

/** Lets the servers of several instances have one address in turn. After an error, the server must be ended. */
export class Handover {
  readonly #spec: HandoverSpec

  constructor(spec: HandoverSpec) {
    this.#spec = spec
  }

  /** Lets a server that stands by listen, after the previous server on its address has ended. */
  async takeOver(): Promise<void> {
    const { workspace, lifecycle, timeout, command, addresses, disconnect } = this.#spec
    await takeOverAddress({
      addresses: addresses(),
      timeout,
      details: () => lifecycle.details(lifecycle.process?.logStart),
      command,
    })
    workspace.standby = undefined
    await workspace.chooseAddresses()
    await this.#openFront()
    disconnect()
  }

  /** Gives up the address for a while. */
  async stepAside(): Promise<void> {
    const { workspace, lifecycle, command } = this.#spec
    await workspace.closeFront()
    await command("require('tarantool-fixture').step_aside()", { timeout: stepsWithin })
    await lifecycle.process?.unpublish()
  }

  /** Takes the address back. */
  async stepBack(): Promise<void> {
    const { lifecycle, command } = this.#spec
    await lifecycle.process?.publish()
    await command("require('tarantool-fixture').step_back()", { timeout: stepsWithin })
    await this.#openFront()
  }

  /** Moves the server to addresses of its own. */
  async moveAway(): Promise<void> {
    const { workspace, command, addresses, disconnect } = this.#spec
    const former = addresses().own.console
    await workspace.moveAway(async ({ own }) => {
      const console = own.console === former ? undefined : own.console
      const move = `require('tarantool-fixture').move(${luaLiteral(own.listen)}, ${luaLiteral(console)})`
      await command(move, { timeout: stepsWithin })
    })
    disconnect()
  }

  // Another process of the machine may have taken the port meanwhile.
  async #openFront(): Promise<void> {
    const { workspace, lifecycle } = this.#spec
    await workspace.openFront(address => errorOfTakeOver(address, lifecycle.details(), undefined))
  }
}
