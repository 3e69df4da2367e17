import getPort from 'get-port'
import { InvalidOptionError } from '../errors.ts'

/**
 * A TCP port that is free now. Asked of the system without a range, it is another one for each process that asks.
 *
 * @param host the address that it is to be free on. Default `'127.0.0.1'`.
 * @throws InvalidOptionError for an address that this machine does not have
 */
export async function freePort(host: string = '127.0.0.1'): Promise<number> {
  try {
    return await getPort({ host: host === '*' ? '0.0.0.0' : host })
  } catch (cause) {
    throw new InvalidOptionError(`no server can listen on '${host}': ${(cause as Error).message}`, { cause })
  }
}
