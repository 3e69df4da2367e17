import { type Demand, demandIn, type Scope } from '../isolation/scope.ts'
import type { LeasedServer } from './leased-server.ts'
import { workerState } from './worker-state.ts'

// The servers in which a suite's hooks have a level of their own.
function serversOf(scope: Scope): { server: LeasedServer; demand: Demand }[] {
  const found = [...workerState().servers.values()].map(server => ({ server, demand: demandIn(scope, server.info) }))
  return found.filter(({ demand }) => demand.suites.at(-1) === scope)
}

/** Called before the first hook of a suite. Changes of the suite's hooks last until the suite ends. */
export async function beginSuite(scope: Scope): Promise<void> {
  workerState().scope = scope
  for (const { server, demand } of serversOf(scope)) await server.isolated.beginSuite(demand)
}

/** Called after its last hook. */
export async function endSuite(scope: Scope): Promise<void> {
  const state = workerState()
  for (const server of state.servers.values()) await server.faults?.undo(scope)
  for (const { server, demand } of serversOf(scope)) await server.isolated.endSuite(demand)
  state.scope = scope.parent ?? scope
}
