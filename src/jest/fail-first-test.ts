import type { CircusBlock, CircusState } from './circus.ts'
import { isOurs } from './circus-hooks.ts'
import { testsToRun } from './tests-to-run.ts'

/**
 * Makes the first test of a block fail with an error, skips the block's other tests, and disables the user's hooks. An
 * error thrown in a hook would appear under every test. Jest's `bail` counts failed tests only, so one test has to
 * fail.
 */
export function failFirstTest(block: CircusBlock, error: Error, circus: CircusState): void {
  const [first, ...others] = testsToRun(block, circus)
  // Jest shows an error's stack if the stack is a non-empty text.
  error.stack ||= `${error.name}: ${error.message}`
  if (first) first.fn = () => Promise.reject(error)
  for (const other of others) other.mode = 'skip'
  silence(block)
}

function silence({ hooks, children }: CircusBlock): void {
  for (const made of hooks) if (!isOurs(made)) made.fn = () => {}
  for (const child of children) if (child.type === 'describeBlock') silence(child)
}
