import type { RunnerTask, RunnerTestFile, RunnerTestSuite } from 'vitest'
import type { Outcome } from '../broker/run-events.ts'
import type { TestOutcome } from '../handle/server-notes.ts'

/** The name of a test, after those of its suites. */
export function fullNameOf({ name, suite }: RunnerTask): string {
  return suite === undefined ? name : `${fullNameOf(suite)} > ${name}`
}

/** The outcome of a test that runs no more, or is about to be told. */
export function outcomeOf(task: RunnerTask, hasErrors: boolean): Outcome {
  const { fails, result } = task as { fails?: boolean; result?: { state?: string; pending?: boolean } }
  if (result?.pending || result?.state === 'skip') return 'skipped'
  return hasErrors === (fails === true) ? 'passed' : 'failed'
}

/** The tests of a file, with their outcomes. */
export function outcomesIn({ tasks }: RunnerTestFile | RunnerTestSuite): TestOutcome[] {
  return tasks.flatMap(task => (task.type === 'suite' ? outcomesIn(task) : [testOutcome(task)]))
}

function testOutcome(task: RunnerTask): TestOutcome {
  const { mode, result } = task
  const isFinal = mode === 'run' && (result?.state === 'pass' || result?.state === 'fail')
  const outcome = isFinal ? (result.state === 'pass' ? 'passed' : 'failed') : 'skipped'
  return { task, name: fullNameOf(task), outcome }
}
