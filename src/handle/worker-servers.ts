import type { LeasedServer } from './leased-server.ts'
import { workerState } from './worker-state.ts'

/** The servers of `workerServers`, one after another. The members of a cluster may be others once the cluster is brought back. */
export function* serversInTurn(): Generator<LeasedServer> {
  for (const server of workerState().servers.values()) {
    yield server
    yield* server.members.values()
  }
}

/** The servers of the current file. The instances of a cluster come after the cluster, which brings them back. */
export const workerServers = (): LeasedServer[] => [...serversInTurn()]
