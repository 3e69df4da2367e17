import * as vitest from 'vitest'
import { afterAll, beforeAll, beforeEach, expect, inject, type RunnerTask, type RunnerTestFile } from 'vitest'
import { compareVersionsAsTexts } from '../handle/equal-versions.ts'
import { hookTimeout } from '../handle/hook-timeout.ts'
import { throwAll } from '../handle/server-report.ts'
import { TestAttempt } from '../handle/test-attempt.ts'
import { beginHooks, beginTestFile, endTestFile, endTests } from '../handle/test-file.ts'
import { beginContext, workerState } from '../handle/worker-state.ts'
import { unknownFile } from '../isolation/scope.ts'
import { loadProtocols } from '../protocol/load-protocols.ts'
import type { ProvidedTarantool } from './context.ts'
import { showAddresses } from './injected.ts'
import { fullNameOf, outcomeOf, outcomesIn } from './outcomes.ts'
import { isLastTest, mayLeaveSuite } from './rest-of-suite.ts'
import { accessRunner } from './runner-access.ts'
import { isConcurrent, Suites } from './suites.ts'

type AroundEach = (
  hook: (runTest: () => Promise<void>, context: { task: RunnerTask }) => Promise<void>,
  timeout: number,
) => void
// Vitest reads a hook's parameters from its source text, and takes the first parameter for fixtures. A bound function
// has no such text. The suite is the first argument on Vitest 3, and the second on later versions.
const hookOfFile = (hook: (file: RunnerTestFile | undefined) => Promise<unknown>): (() => Promise<never>) => {
  const isFile = (value: unknown): value is RunnerTestFile => value instanceof Object && 'filepath' in value
  return (async (...context: unknown[]) => await hook(context.find(isFile))).bind(undefined) as () => Promise<never>
}

/**
 * Begins a test file in this worker, and puts hooks around the file's own hooks. Called before Vitest imports the file.
 */
export async function beginFile(): Promise<void> {
  const provided = inject('tarantool') as unknown as ProvidedTarantool | undefined
  beginContext()
  compareVersionsAsTexts(expect)
  const state = workerState()

  if (provided) {
    const began = beginTestFile(provided.tickets, Number(process.env.VITEST_POOL_ID ?? 1), expect.getState().testPath)
    // Most files make requests. The worker would only wait for the broker meanwhile.
    await Promise.all([began, loadProtocols()])
    // From here on, `inject()` in this worker returns the address of this worker's server.
    showAddresses(provided)
  }

  const suites = new Suites(await accessRunner())
  state.markUse = use => suites.mark(use)

  // The hook that is registered first runs first. A later call is too late to collect hooks. The function that the hook
  // returns runs after every afterAll.
  const beforeFile = async (file: RunnerTestFile | undefined): Promise<unknown> => {
    await beginHooks(file ? suites.begin(file) : [])
    return endTestFile
  }
  beforeAll(hookOfFile(beforeFile), hookTimeout)

  function attemptAt(task: RunnerTask): TestAttempt {
    state.testTimeout = (task as { timeout?: number }).timeout
    const scope = suites.scopeOf(task) ?? unknownFile
    return new TestAttempt({
      scope,
      task,
      concurrent: isConcurrent(task),
      name: () => fullNameOf(task),
      attempt: () => (task.result?.retryCount ?? 0) + (task.result?.repeatCount ?? 0),
      isLast: () => isLastTest(task),
      outcome: hasErrors => outcomeOf(task, hasErrors),
    })
  }

  const { aroundEach } = vitest as unknown as { aroundEach?: AroundEach }

  if (aroundEach) {
    aroundEach(async (runTest, { task }) => {
      const attempt = attemptAt(task)
      const errorsBefore = task.result?.errors?.length ?? 0
      await attempt.begin()
      await runTest()
      await endAll(
        () => attempt.report(task.result?.errors?.slice(errorsBefore) ?? []),
        () => attempt.end(mayLeaveSuite(task)),
      )
    }, hookTimeout)
  } else {
    beforeEach(async ({ task, onTestFinished, onTestFailed }) => {
      const attempt = attemptAt(task)
      const errorsBefore = task.result?.errors?.length ?? 0
      const end = (): Promise<void> => attempt.end(mayLeaveSuite(task))
      // The function that is registered first runs last, after all other hooks, also if one of them fails.
      onTestFailed(end, hookTimeout)
      onTestFinished(async () => {
        const report = (): Promise<void> => attempt.report(task.result?.errors?.slice(errorsBefore) ?? [])
        // The user's onTestFailed comes later, and may look at the state that the test left.
        if (task.result?.state === 'fail') await report()
        else await endAll(report, end)
      }, hookTimeout)
      await attempt.begin()
    }, hookTimeout)
  }

  afterAll(hookOfFile(async file => await endTests(file?.result?.errors ?? [], () => (file ? outcomesIn(file) : []))))
}

// Each runs, whatever happened to the one before.
async function endAll(...steps: (() => Promise<void>)[]): Promise<void> {
  const ends: PromiseSettledResult<void>[] = []
  for (const step of steps) ends.push(...(await Promise.allSettled([step()])))
  throwAll(ends.flatMap(end => (end.status === 'rejected' ? [end.reason as Error] : [])))
}
