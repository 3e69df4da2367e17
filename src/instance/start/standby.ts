import { setTimeout as delay } from 'node:timers/promises'
import { LuaError, PortTakenError } from '../../errors.ts'
import type { RequestOptions } from '../../protocol/request-table.ts'
import type { ServerDetails } from '../failure/details.ts'
import { errorOfTakeOver } from '../failure/port-failure.ts'
import type { InstanceAddresses } from '../place/addresses.ts'
import { addressOfPort } from '../place/named-ports.ts'

/** A server that stands by, from the take-over's point of view. */
export interface StandbyServer {
  readonly addresses: InstanceAddresses
  /** The timeout in milliseconds, because a server whose Lua never yields does not answer. */
  readonly timeout: number
  details(): ServerDetails
  command(lua: string, options: RequestOptions): Promise<unknown[]>
}

const takenAddress = /Address already in use|failed to bind|failed to create server/i

// Pause between two tries, in milliseconds.
const pause = 20

/**
 * Lets a standby server listen, and tries again while another process has the address. boot.lua and agent/standby.lua are
 * the server's side.
 */
export async function takeOverAddress(server: StandbyServer): Promise<void> {
  for (const giveUpAt = performance.now() + server.timeout; ; await delay(pause)) {
    try {
      await takeOver(server)
      return
    } catch (error) {
      if (!(error instanceof PortTakenError) || performance.now() > giveUpAt) throw error
    }
  }
}

async function takeOver({ addresses, timeout, details, command }: StandbyServer): Promise<void> {
  try {
    await command("require('tarantool-fixture').take_over()", { timeout })
  } catch (error) {
    if (!(error instanceof LuaError) || !takenAddress.test(error.luaMessage)) throw error
    const [, port] = /tarantool-fixture: port (\d+):/.exec(error.luaMessage) ?? []
    if (port !== undefined) throw errorOfTakeOver(addressOfPort(Number(port)), details(), error)
    // The binary port comes first. An error of the console's server shows that the binary port is done.
    const consoleIsTaken = error.luaMessage.includes('failed to create server')
    const address = (consoleIsTaken ? addresses.standby?.consoleToBe : undefined) ?? addresses.listen
    throw errorOfTakeOver(address, details(), error)
  }
}
