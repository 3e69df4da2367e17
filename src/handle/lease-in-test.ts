import type { HandleOrigin } from './handle-origin.ts'
import type { LeasedServer } from './leased-server.ts'
import { leaseOwnServer, leaseServer } from './leases.ts'
import { beginServerTest } from './test-attempt.ts'
import { workerState } from './worker-state.ts'

/**
 * Takes the lease of a handle's server on first use. Within a test, that test becomes the first one with the server.
 */
export async function leaseInTest({ use: { server: name }, own }: HandleOrigin): Promise<LeasedServer | undefined> {
  const state = workerState()
  const known = state.servers.get(name)
  if (known) return known
  const server = await (own ? leaseOwnServer(name, own) : leaseServer(name))
  const error = server && state.attempt ? await beginServerTest(server, state.attempt) : undefined
  if (error) throw error
  return server
}
