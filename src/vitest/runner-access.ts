import type { RunnerTestSuite } from 'vitest'
import * as vitest from 'vitest'
import { hookTimeout } from '../handle/hook-timeout.ts'

/** A hook as the runner keeps it. */
export type Hook = (...args: unknown[]) => unknown

/** The hooks of a suite: the runner's own lists. */
export interface SuiteHooks {
  readonly beforeAll: Hook[]
  readonly afterAll: Hook[]
  /** From Vitest 4.1 on. */
  readonly aroundAll?: Hook[]
}

/** What Vitest offers to those who write runners, under another name in each version. */
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

/** Finds it in the Vitest that runs. */
export async function accessRunner(): Promise<RunnerAccess> {
  const { TestRunner } = vitest as unknown as { TestRunner?: RunnerFunctions }
  if (TestRunner) return { currentSuite: TestRunner.getCurrentSuite, hooksOf: TestRunner.getSuiteHooks }
  // Not in a text of its own: a newer Vitest, which has no such module, would look for it.
  const module = ['vitest', 'suite'].join('/')
  const { getCurrentSuite, getHooks, getSuiteHooks }: RunnerFunctions = await import(/* @vite-ignore */ module)
  return { currentSuite: getCurrentSuite, hooksOf: getHooks ?? getSuiteHooks }
}

/** What is to run before the first and after the last hook of a suite. */
export interface Around {
  begin(): Promise<void>
  end(): Promise<void>
}

const timeouts = {
  [Symbol.for('VITEST_AROUND_TIMEOUT')]: hookTimeout,
  [Symbol.for('VITEST_CLEANUP_TIMEOUT')]: hookTimeout,
}

/** Puts it around all hooks that a suite has by now. */
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

// Without aroundAll: the hooks may run one after the other, from the first or from the last on, or all at once; and so may
// what they return. Where one throws, the end does not come, and what comes next has to see to it.
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
  // One is first and one last, whatever the order.
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
