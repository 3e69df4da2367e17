import { type CircusBlock, type CircusState, isOurs } from './circus.ts'
import { testsToRun } from './tests-to-run.ts'

/**
 * Makes the first test that would run in a block fail with an error, and skips the others; none of the user's hooks runs. To throw from
 * a hook would put the error under each test, and Jest's `bail` counts failed tests only.
 */
export function failFirstTest(block: CircusBlock, error: Error, circus: CircusState): void {
  const [first, ...others] = testsToRun(block, circus)
  // Of what a test throws Jest shows the stack, where it is a text.
  error.stack ||= `${error.name}: ${error.message}`
  if (first) first.fn = () => Promise.reject(error)
  for (const other of others) other.mode = 'skip'
  silence(block)
}

function silence({ hooks, children }: CircusBlock): void {
  for (const made of hooks) if (!isOurs(made)) made.fn = () => {}
  for (const child of children) if (child.type === 'describeBlock') silence(child)
}
