import type { RunnerTestSuite } from 'vitest'
import * as vitest from 'vitest'
import { hookTimeout } from '../handle/hook-timeout.ts'

/** A hook in the runner's own form. */
export type Hook = (...args: unknown[]) => unknown

/** The hooks of a suite: the runner's own lists. */
export interface SuiteHooks {
  readonly beforeAll: Hook[]
  readonly afterAll: Hook[]
  /** Vitest 4.1 and later. */
  readonly aroundAll?: Hook[]
}

/** The functions that Vitest offers to authors of runners. Each version exports them under another name. */
export interface RunnerAccess {
  currentSuite(): { on(name: 'beforeAll', hook: Hook): void }
  hooksOf(suite: RunnerTestSuite): SuiteHooks
}

interface RunnerFunctions {
  getCurrentSuite: RunnerAccess['currentSuite']
  getSuiteHooks: RunnerAccess['hooksOf']
  /** Vitest 3.2. */
  getHooks?: RunnerAccess['hooksOf']
}

/** Finds these functions in the Vitest that runs. */
export async function accessRunner(): Promise<RunnerAccess> {
  const { TestRunner } = vitest as unknown as { TestRunner?: RunnerFunctions }
  if (TestRunner) return { currentSuite: TestRunner.getCurrentSuite, hooksOf: TestRunner.getSuiteHooks }
  // The name must not be a separate string: a newer Vitest, which has no such module, would look for it.
  const module = ['vitest', 'suite'].join('/')
  const { getCurrentSuite, getHooks, getSuiteHooks }: RunnerFunctions = await import(/* @vite-ignore */ module)
  return { currentSuite: getCurrentSuite, hooksOf: getHooks ?? getSuiteHooks }
}

/** The functions to run before the first and after the last hook of a suite. */
export interface Around {
  begin(): Promise<void>
  end(): Promise<void>
}

const timeouts = {
  [Symbol.for('VITEST_AROUND_TIMEOUT')]: hookTimeout,
  [Symbol.for('VITEST_CLEANUP_TIMEOUT')]: hookTimeout,
}

/** Puts these functions around all hooks that a suite has at this moment. */
export function runInside(hooks: SuiteHooks, around: Around): void {
  if (hooks.aroundAll) hooks.aroundAll.unshift(aroundHook(around))
  else wrapHooks(hooks, around)
}

function aroundHook({ begin, end }: Around): Hook {
  const hook = async (runSuite: unknown): Promise<void> => {
    await begin()
    try {
      await (runSuite as () => Promise<void>)()
    } finally {
      await end()
    }
  }
  return Object.assign(hook, timeouts)
}

// Without aroundAll, the hooks may run in order, in reverse order, or all at once, and so may the functions that they
// return. If a hook throws, the end does not come, and the next step has to make up for it.
function wrapHooks({ beforeAll }: SuiteHooks, { begin, end }: Around): void {
  let begun: Promise<void> | undefined
  const cleanups: Promise<unknown>[] = []
  let borders = 0
  const wrap = (hook: Hook): Hook => {
    const wrapped = async (...args: unknown[]): Promise<unknown> => {
      begun ??= begin()
      await begun
      const cleanup = await hook(...args)
      if (typeof cleanup !== 'function') return undefined
      return () => {
        const cleaned = Promise.resolve(cleanup())
        cleanups.push(cleaned.catch(() => {}))
        return cleaned
      }
    }
    return Object.assign(wrapped, hook)
  }
  // One of the two is first and one is last, whatever the order.
  const border: Hook = Object.assign(
    () => async () => {
      borders++
      if (borders < 2) return
      await Promise.all(cleanups)
      await end()
    },
    timeouts,
  )
  beforeAll.splice(0, beforeAll.length, ...[border, ...beforeAll, border].map(wrap))
}
