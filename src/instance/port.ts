import getPort from 'get-port'

/**
 * A TCP port that is free now. Asked of the system without a range, it is another one for each process that asks.
 *
 * @param host the address that it is to be free on. Default `'127.0.0.1'`.
 */
export async function freePort(host: string = '127.0.0.1'): Promise<number> {
  return await getPort({ host })
}
