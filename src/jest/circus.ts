import { SetupError } from '../errors.ts'
import type { ShownError } from '../handle/failure-log.ts'
import { hookTimeout } from '../handle/hook-timeout.ts'

/** A hook as jest-circus keeps it. A function with a parameter would be given a callback. */
export interface CircusHook {
  readonly type: 'beforeAll' | 'afterAll' | 'beforeEach' | 'afterEach'
  fn: () => unknown
  readonly timeout: number | undefined
  readonly parent: CircusBlock
  readonly asyncError: Error
  seenDone: boolean
}

/** What a failed hook or test has left: what was thrown, and where the hook stands in the code. */
export type CircusError = unknown | readonly [error: unknown, asyncError: Error]

export interface CircusTest {
  readonly type: 'test'
  readonly name: string
  readonly parent: CircusBlock
  mode: 'only' | 'skip' | 'todo' | undefined
  /** It is begun before the others, and has no hooks of its own. */
  readonly concurrent: boolean
  fn: (() => unknown) | undefined
  readonly errors: CircusError[]
  /** In milliseconds; undefined if the file's timeout applies. */
  readonly timeout: number | undefined
  /** What has become of it: `'skip'` and `'todo'` of one that was not run. */
  readonly status: 'skip' | 'todo' | 'done' | 'running' | null
  /** How often it was begun: more than once where failed tests are tried again. */
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

/** The state of the file that runs here; undefined under another runner. jest-circus has it under a symbol of its own. */
function findCircus(): CircusState | undefined {
  const key = Object.getOwnPropertySymbols(globalThis).find(({ description }) => description === 'JEST_STATE_SYMBOL')
  return key && ((globalThis as Record<symbol, unknown>)[key] as CircusState | undefined)
}

/** The same. @throws SetupError under another runner */
export function circus(): CircusState {
  const state = findCircus()
  if (state) return state
  const isVitest = '__vitest_worker__' in globalThis || process.env.VITEST !== undefined
  throw new SetupError(`tarantool-fixture/jest is for tests that Jest runs${isVitest ? ', and this is Vitest' : ''}`, {
    hint: isVitest ? "Import from 'tarantool-fixture/vitest'." : 'It needs the test runner jest-circus.',
  })
}

const ours = new WeakSet<CircusHook>()

/** A hook that is none of the user's. */
export function hook(type: CircusHook['type'], parent: CircusBlock, fn: () => unknown): CircusHook {
  // Its stack is shown under what the hook throws.
  const asyncError = new Error(`tarantool-fixture: ${type}`)
  const made: CircusHook = { type, fn: () => fn(), timeout: hookTimeout, parent, asyncError, seenDone: false }
  ours.add(made)
  return made
}

export function isOurs(made: CircusHook): boolean {
  return ours.has(made)
}

/**
 * The errors of a test or of hooks, as something can be put under them. Each test file has an Error of its own, and Node's
 * modules have theirs, so they are told by what they look like.
 */
export function errorsIn(list: CircusError[]): ShownError[] {
  return list.flatMap((entry, index) => {
    const holder = (Array.isArray(entry) ? entry : [entry]) as [unknown, Error?]
    const [error] = holder
    if (typeof error === 'string') return [thrownText(holder)]
    if (!isError(error)) return []
    if (isAssertion(error)) return [generated(error)]
    if (isWritable(error)) return [error]
    const copy = copyOf(error)
    list[index] = Array.isArray(entry) ? [copy, holder[1]] : copy
    return [copy]
  })
}

// A DOMException, such as that of an AbortSignal, has getters; others are frozen.
const isWritable = (error: Error): boolean =>
  Reflect.set(error, 'message', error.message) && Reflect.set(error, 'stack', error.stack)

function copyOf(error: Error): Error {
  const copy = new Error(error.message, { cause: error })
  copy.name = error.name
  if (error.stack !== undefined) copy.stack = error.stack
  return copy
}

const isError = (value: unknown): value is Error & { readonly code?: unknown } =>
  typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'

// jest-circus throws texts where a test takes too long; they are shown without a stack of their own.
function thrownText(holder: [unknown, Error?]): ShownError {
  return {
    get message() {
      return String(holder[0])
    },
    set message(text) {
      holder[0] = text
    },
  }
}

const isAssertion = ({ code }: { readonly code?: unknown }): boolean => code === 'ERR_ASSERTION'

// Of an error of node:assert, jest-circus makes a message anew, and shows of the stack what is not its message.
function generated(error: Error): ShownError {
  return {
    message: error.message,
    get stack() {
      return error.stack
    },
    set stack(stack) {
      if (stack !== undefined) error.stack = stack
    },
  }
}
