import type { LeasedServerInfo } from '../broker/leased-info.ts'
import { LeaseError } from '../errors.ts'
import { addressOf, type TarantoolAddress } from '../handle/environment.ts'
import type { LeasedServer } from '../handle/leased-server.ts'
import { listedServer } from '../handle/listed-server.ts'
import { workerState } from '../handle/worker-state.ts'
import type { ProvidedTarantool } from './context.ts'

const fields = ['host', 'port', 'ports', 'uri', 'user', 'password'] as const

/** Adds the addresses of the file's servers to the object that `inject('tarantool')` returns in this worker. */
export function showAddresses(provided: ProvidedTarantool): void {
  const { listing, servers } = workerState()
  const names = provided.tickets.flatMap(ticket => ticket.servers)
  const addresses = names.map((name): [string, TarantoolAddress] => {
    const server = servers.get(name)
    const info = listing ? listedServer : server && infoAtLease(server)
    return [name, info ? addressOf(info) : addressOnceLeased(name)]
  })
  const shown = Object.fromEntries(addresses)
  // Copies getters, not values: an address may not be known yet. The object may still hold the addresses of the
  // previous file.
  for (const field of fields) delete (provided as Partial<TarantoolAddress>)[field]
  Object.defineProperties(provided, Object.getOwnPropertyDescriptors(shown.default ?? {}))
  Object.assign(provided, { servers: shown })
}

// The address belongs to the lease, whichever member of a replica set leads later.
const infoAtLease = ({ info, members }: LeasedServer): LeasedServerInfo =>
  members.get(info.cluster?.leader ?? '')?.info ?? info

// With lease: 'on-use', a file that uses a server has the server from its first hook on.
function addressOnceLeased(name: string): TarantoolAddress {
  const read = (field: (typeof fields)[number]): unknown => {
    const server = workerState().servers.get(name)
    if (server) return addressOf(infoAtLease(server))[field]
    throw new LeaseError(`inject('tarantool'): this file has no server '${name}', or not yet`, {
      hint: "With lease: 'on-use', a file has a server if it calls useTarantool(), and from the first hook (beforeAll) on. Without that option, each file has a server from its start on.",
    })
  }
  const address = {}
  for (const field of fields)
    Object.defineProperty(address, field, { enumerable: true, configurable: true, get: () => read(field) })
  return address as TarantoolAddress
}
