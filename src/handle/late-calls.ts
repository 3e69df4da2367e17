import { LeaseError } from '../errors.ts'
import { workerState } from './worker-state.ts'

/**
 * Notes the test that makes a call, which may wait until the test is over. Then the call, or the code after it, would act on
 * the servers of the next test.
 *
 * @param call the call, for the error
 * @param server the name of the server
 * @returns a function that throws a LeaseError if that test is over. Concurrent tests cannot be told apart, so their calls are
 *   never refused
 */
export function lateCheck(call: string, server: string): () => void {
  const { attempt } = workerState()
  return () => {
    const { attempt: latest, concurrent, scopes } = workerState()
    if (!attempt || attempt === latest || concurrent.size > 0 || scopes[0]?.hasConcurrent) return
    throw new LeaseError(`${call} of server '${server}' comes too late: the test that made it is over`, {
      hint: 'Await it. If the test has timed out, give it a longer timeout.',
    })
  }
}
