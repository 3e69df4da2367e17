import type { CircusBlock, CircusState, CircusTest } from './circus.ts'

// jest.retryTimes keeps its number there.
const retries = Symbol.for('RETRY_TIMES')

/**
 * True if no test of the file comes after a test, and no other attempt at it.
 *
 * @param test undefined between two tests
 */
export function isLastTest(test: CircusTest | undefined, state: CircusState): boolean {
  const { hasFocusedTests, testNamePattern } = state
  const isToRun = (other: CircusTest): boolean =>
    (hasFocusedTests ? other.mode === 'only' : other.mode === undefined) &&
    (!testNamePattern || testNamePattern.test(fullNameOf(other)))
  const mayFollow = (child: CircusTest | CircusBlock): boolean =>
    child.type === 'describeBlock'
      ? child.children.some(mayFollow)
      : // A test does not run if a beforeAll has failed.
        child !== test && child.invocations === 0 && child.errors.length === 0 && isToRun(child)
  const { [retries]: attempts = 0 } = globalThis as { [retries]?: number | string }
  return Number(attempts) === 0 && !state.rootDescribeBlock.children.some(mayFollow)
}

/** The name of a test in the form that is compared with the pattern of a run. */
function fullNameOf({ name, parent }: CircusTest | CircusBlock): string {
  return parent?.parent === undefined ? name : `${fullNameOf(parent)} ${name}`
}
