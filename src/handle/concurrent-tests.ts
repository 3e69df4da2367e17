import { SetupError } from '../errors.ts'
import { demandIn, isUsedIn, type Scope, unknownFile } from '../isolation/scope.ts'
import type { LeasedServer } from './leased-server.ts'
import { workerState } from './worker-state.ts'

/** The error of a test that runs beside others, and uses a server that must be the test's own. */
export function refuseConcurrent(scope: Scope, server: LeasedServer): SetupError | undefined {
  const { isolation } = demandIn(scope, server.info)
  if (!isUsedIn(scope, server.name) || isolation === 'file' || isolation === 'none') return undefined
  const name = server.name === 'default' ? '' : ` '${server.name}'`
  return new SetupError(`concurrent tests share their file's server${name}, whose isolation is '${isolation}'`, {
    hint: "Give them isolation: 'file', as in useTarantool({ isolation: 'file' }). Their changes are undone after the file.",
  })
}

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
