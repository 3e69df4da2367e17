import type { RunnerTask } from 'vitest'

const isToRun = ({ mode, result }: RunnerTask): boolean => (mode === 'run' || mode === 'queued') && result === undefined

/**
 * The tasks of one suite that are left to run. Each test of a suite asks, so an answer must not look at all tasks: a file may
 * have thousands of tests.
 */
class RestOfSuite {
  readonly #tests: readonly RunnerTask[]
  readonly #suites: readonly RunnerTask[]
  /** The tests before this position have run. A shuffled suite may run later tests first. */
  #position = 0

  constructor(tasks: readonly RunnerTask[]) {
    this.#tests = tasks.filter(({ type }) => type === 'test')
    this.#suites = tasks.filter(({ type }) => type === 'suite')
  }

  hasSuite(): boolean {
    return this.#suites.some(isToRun)
  }

  hasTestBeside(task: RunnerTask): boolean {
    for (; this.#position < this.#tests.length; this.#position++) {
      const test = this.#tests[this.#position]
      if (test && test !== task && isToRun(test)) return true
    }
    return false
  }
}

const rests = new WeakMap<readonly RunnerTask[], RestOfSuite>()

/** True if hooks or another suite may come next after a test, not only another test of its suite. */
export function mayLeaveSuite(task: RunnerTask): boolean {
  const { tasks } = task.suite ?? task.file
  const rest = rests.get(tasks) ?? new RestOfSuite(tasks)
  rests.set(tasks, rest)
  return rest.hasSuite() || !rest.hasTestBeside(task)
}

/** True if no test of the file comes after a test, and no other attempt at it. */
export function isLastTest(task: RunnerTask): boolean {
  const mayFollow = (each: RunnerTask): boolean =>
    each.type === 'suite' ? each.tasks.some(mayFollow) : each !== task && isToRun(each)
  return !(task.retry || task.repeats) && !task.file.tasks.some(mayFollow)
}
