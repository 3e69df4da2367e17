import { isUsedIn, type ServerUse } from '../isolation/scope.ts'
import { refuseConcurrent } from './concurrent-tests.ts'
import type { HandleOrigin } from './handle-origin.ts'
import { workerState } from './worker-state.ts'

/**
 * Notes that the current file uses a handle. The file need not be the one that called `useTarantool()`: several files
 * may share a module that is evaluated only once.
 *
 * @throws SetupError in a concurrent test, if the isolation asks for a server of the test's own
 */
export function noteUse({ use, file }: HandleOrigin): void {
  const state = workerState()
  const { server: name } = use
  // In the file that called `useTarantool()`, the call's options may belong to one suite only. So they do not apply to
  // the file.
  const found: ServerUse = file === state.file ? { server: name } : use
  const [root] = state.scopes
  if (!root) {
    if (!state.usedEarly.some(({ server }) => server === name)) state.usedEarly.push(found)
    return
  }
  if (isUsedIn(state.scope, name)) return
  root.uses.push(found)
  const server = state.servers.get(name)
  const refusal = server && state.concurrent.size > 0 ? refuseConcurrent(state.scope, server) : undefined
  if (refusal) throw refusal
}
