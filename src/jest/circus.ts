import { SetupError } from '../errors.ts'

/** A hook in the form of jest-circus. A function with a parameter would get a callback. */
export interface CircusHook {
  readonly type: 'beforeAll' | 'afterAll' | 'beforeEach' | 'afterEach'
  fn: () => unknown
  readonly timeout: number | undefined
  readonly parent: CircusBlock
  readonly asyncError: Error
  seenDone: boolean
}

/** The traces of a failed hook or test: the value that was thrown, and the place of the hook in the code. */
export type CircusError = unknown | readonly [error: unknown, asyncError: Error]

export interface CircusTest {
  readonly type: 'test'
  readonly name: string
  readonly parent: CircusBlock
  mode: 'only' | 'skip' | 'todo' | undefined
  /** jest-circus begins such a test before the others, without hooks of its own. */
  readonly concurrent: boolean
  fn: (() => unknown) | undefined
  readonly errors: CircusError[]
  /** In milliseconds; undefined if the file's timeout applies. */
  readonly timeout: number | undefined
  /** The outcome: `'skip'` and `'todo'` for a test that was not run. */
  readonly status: 'skip' | 'todo' | 'done' | 'running' | null
  /** The number of attempts: more than one if failed tests are tried again. */
  readonly invocations: number
}

/** A describe, or the file. */
export interface CircusBlock {
  readonly type: 'describeBlock'
  readonly name: string
  readonly parent: CircusBlock | undefined
  readonly mode: 'only' | 'skip' | 'todo' | undefined
  readonly hooks: CircusHook[]
  readonly children: readonly (CircusBlock | CircusTest)[]
}

/** The state of jest-circus in a test file. */
export interface CircusState {
  readonly rootDescribeBlock: CircusBlock
  readonly currentDescribeBlock: CircusBlock
  readonly currentlyRunningTest: CircusTest | null
  readonly hasFocusedTests: boolean
  /** The file was imported, and its hooks and tests are about to run, or have run. */
  readonly hasStarted: boolean
  /** The timeout of tests without a timeout of their own, in milliseconds. */
  readonly testTimeout: number
  readonly testNamePattern: RegExp | null | undefined
  readonly unhandledErrors: CircusError[]
}

/**
 * The state of the file that runs here; undefined under another runner. jest-circus stores the state under a symbol of
 * its own.
 */
function findCircus(): CircusState | undefined {
  const key = Object.getOwnPropertySymbols(globalThis).find(({ description }) => description === 'JEST_STATE_SYMBOL')
  return key && ((globalThis as Record<symbol, unknown>)[key] as CircusState | undefined)
}

/** The same state. @throws SetupError under another runner */
export function circus(): CircusState {
  const state = findCircus()
  if (state) return state
  const isVitest = '__vitest_worker__' in globalThis || process.env.VITEST !== undefined
  throw new SetupError(`tarantool-fixture/jest is for tests that Jest runs${isVitest ? ', and this is Vitest' : ''}`, {
    hint: isVitest ? "Import from 'tarantool-fixture/vitest'." : 'It needs the test runner jest-circus.',
  })
}
