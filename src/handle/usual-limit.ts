import { usualWait } from '../log/usual-wait.ts'
import { workerState } from './worker-state.ts'

/**
 * The default of a wait, in milliseconds. It ends a little before the test's timeout, since the runner's own error says
 * less. A test timeout of 0, or none, means no limit.
 */
export function usualLimit(): number {
  const { testTimeout } = workerState()
  return testTimeout ? Math.min(usualWait, 0.8 * testTimeout) : usualWait
}
