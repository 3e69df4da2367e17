import { usualWait } from '../log/usual-wait.ts'
import { workerState } from './worker-state.ts'

/**
 * The default of a wait, in milliseconds. It ends a little before the test's timeout, since the runner's own error says
 * less. A test timeout of 0, or none, means no limit.
 */
export function usualLimit(): number {
  return Math.min(usualWait, longestLimit() ?? usualWait)
}

/** The limit of a wait that is as long as the test allows, in milliseconds. Undefined if the test has no timeout. */
export function longestLimit(): number | undefined {
  const { testTimeout } = workerState()
  return testTimeout ? 0.8 * testTimeout : undefined
}
