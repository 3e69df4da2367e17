import { LeaseError } from '../errors.ts'
import { type WorkerState, workerState } from './worker-state.ts'

/**
 * Refuses a call of a test that is over: it, or the code after it, would act on the servers of the next test. Concurrent tests
 * cannot be told apart, so their calls are never refused.
 *
 * @param call the call, for the error
 * @param server the name of the server
 * @param attempt the test that has made the call. Read it before the first `await`
 * @throws LeaseError
 */
export function refuseLate(call: string, server: string, attempt: WorkerState['attempt']): void {
  const { attempt: latest, concurrent, scopes } = workerState()
  if (!attempt || attempt === latest || concurrent.size > 0 || scopes[0]?.hasConcurrent) return
  throw new LeaseError(`${call} of server '${server}' comes too late: the test that made it is over`, {
    hint: 'Await it. If the test has timed out, give it a longer timeout.',
  })
}
