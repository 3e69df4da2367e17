import { afterTime } from '../deadline.ts'
import { RequestTimeoutError } from '../errors.ts'
import type { Address } from './address.ts'
import { fingerprint } from './socket.ts'

/**
 * Waits for a connection that a request needs, for no longer than the request may take. The connection may still open
 * later, for the next request.
 *
 * @param timeout in milliseconds. Undefined: the connection's own limit
 * @throws RequestTimeoutError; the errors of the connection
 */
export async function openWithin<Connection>(
  opening: Promise<Connection>,
  address: Address,
  timeout: number | undefined,
): Promise<Connection> {
  if (timeout === undefined || timeout === Number.POSITIVE_INFINITY) return await opening
  return await new Promise((resolve, reject) => {
    const callOff = afterTime(timeout, () => {
      const instance = fingerprint(address)
      reject(new RequestTimeoutError(`${instance} did not answer a command within ${timeout} ms`, { instance }))
    })
    opening.then(resolve, reject).finally(callOff)
  })
}
