import type { Address } from './address.ts'
import { connect } from './node-builtins.ts'

/**
 * Whether nobody listens at an address any more. From 2.10 on a server that exits stops to listen at once, and goes on
 * for up to three seconds to let requests end.
 *
 * @see https://www.tarantool.io/en/doc/latest/reference/reference_lua/box_ctl/on_shutdown/
 */
export function refusesConnections(address: Address): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED' || code === 'ENOENT'))
  })
}
