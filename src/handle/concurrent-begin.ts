import type { SetupError } from '../errors.ts'
import { demandIn, type Scope, unknownFile } from '../isolation/scope.ts'
import { refuseConcurrent } from './concurrent-tests.ts'
import { workerState } from './worker-state.ts'

/**
 * Begins the concurrent tests of a file together, for a runner that runs them before all others and without hooks.
 *
 * @param scopes of these tests
 * @returns the reason for each test that cannot run
 */
export async function beginConcurrentTests(scopes: readonly Scope[]): Promise<(SetupError | undefined)[]> {
  const {
    scopes: [file = unknownFile],
    servers,
  } = workerState()
  for (const server of servers.values()) {
    const demand = demandIn(file, server.info)
    if (demand.isolation !== 'file') continue
    // The changes of concurrent tests are undone together with the changes of the file's other tests.
    const attempt = {}
    const error = await server.beginTest(attempt, demand)
    await server.isolated.endTest(attempt, demand, false)
    if (error) throw error
  }
  const refusal = (scope: Scope): SetupError | undefined => {
    for (const server of servers.values()) {
      const error = refuseConcurrent(scope, server)
      if (error) return error
    }
    return undefined
  }
  return scopes.map(refusal)
}
