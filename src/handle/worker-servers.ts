import type { LeasedServer } from './leased-server.ts'
import { workerState } from './worker-state.ts'

/** The servers of the current file. The instances of a cluster come after the cluster, which brings them back. */
export const workerServers = (): LeasedServer[] =>
  [...workerState().servers.values()].flatMap(server => [server, ...server.members.values()])
