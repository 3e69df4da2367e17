import type { ResolvedFixture } from '../config/fixture-config.ts'
import { InvalidOptionError } from '../errors.ts'

/**
 * Refuses a fixed port if several servers would have to listen on it.
 *
 * @param workers the number of workers that can be busy at once
 * @param versions of all runs that have this config
 * @throws InvalidOptionError
 */
export function checkFixedPorts(
  { servers, maxServers }: ResolvedFixture,
  workers: number,
  versions: readonly string[],
): void {
  for (const [name, { port, consolePort }] of servers) {
    const option = port !== undefined ? 'port' : consolePort !== undefined ? 'consolePort' : undefined
    if (option === undefined) continue
    const says = `server '${name}' has a fixed '${option}'`
    if (versions.length > 1) {
      throw new InvalidOptionError(
        `${says}, and tarantoolVersions starts a server of each version (${versions.join(', ')})`,
        { hint: `Leave '${option}' out: each server then has an address of its own.` },
      )
    }
    if (workers <= 1 || maxServers === 1) continue
    throw new InvalidOptionError(`${says}, and ${workers} workers need one server each`, {
      hint: `Leave '${option}' out, or set maxServers: 1 (files then wait for each other).`,
    })
  }
}
