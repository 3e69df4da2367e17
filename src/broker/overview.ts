import type { LeasableServer } from './leasable-server.ts'
import type { LeaseOverview, ServerOverview } from './run-overview.ts'

interface Holder {
  leaseOf(server: LeasableServer): LeaseOverview | undefined
}

/** Describes servers for a person who looks at the run: by name, and by the number of the worker. */
export function overviewOf(servers: readonly LeasableServer[], sessions: readonly Holder[]): ServerOverview[] {
  return servers
    .map(server => ({
      ...{ name: server.name, slot: server.slot, state: server.state },
      lease: sessions.map(session => session.leaseOf(server)).find(lease => lease !== undefined),
      info: server.state === 'running' ? server.info() : undefined,
    }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en') || a.slot - b.slot)
}
