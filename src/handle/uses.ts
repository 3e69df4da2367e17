import { isUsedIn, type ServerUse } from '../isolation/scope.ts'
import type { HandleOrigin } from './handle-origin.ts'
import { refuseConcurrent } from './test-file.ts'
import { workerState } from './worker-state.ts'

/**
 * A handle is used. The file that does so uses the server, whichever file has called `useTarantool()`: a module that several
 * files share may be evaluated once for all of them.
 *
 * @throws SetupError in a test that runs beside others, where the server is to be its own
 */
export function noteUse({ use, file }: HandleOrigin): void {
  const state = workerState()
  const { server: name } = use
  // In the file that has called it, a suite may have done so: what it asked for is for that suite.
  const found: ServerUse = file === state.file ? { server: name } : use
  const [root] = state.scopes
  if (!root) {
    if (!state.usedEarly.some(({ server }) => server === name)) state.usedEarly.push(found)
    return
  }
  if (isUsedIn(state.scope, name)) return
  root.uses.push(found)
  const server = state.servers.get(name)
  const refusal = server && state.concurrent ? refuseConcurrent(state.scope, server) : undefined
  if (refusal) throw refusal
}
