import type { ShownError } from '../handle/failure-log.ts'
import type { TestOutcome } from '../handle/server-notes.ts'
import { TestAttempt } from '../handle/test-attempt.ts'
import { beginHooks, endingOfFile, endTests } from '../handle/test-file.ts'
import { workerState } from '../handle/worker-state.ts'
import { type Scope, unknownFile } from '../isolation/scope.ts'
import { loadModule } from '../load-module.ts'
import type { CircusBlock, CircusError, CircusState, CircusTest } from './circus.ts'
import { hook } from './circus-hooks.ts'
import { confirmStart } from './file-start.ts'
import { Refusals } from './refusals.ts'
import { concurrentTests, mayLeaveSuite, Suites } from './suites.ts'

/** The work around the hooks and tests of one test file. */
export class HooksOfFile {
  readonly suites: Suites = new Suites(block => this.#aroundHooks(block))
  readonly #circus: CircusState
  readonly #attempts = new WeakMap<CircusTest, TestAttempt>()
  readonly #begun = new WeakSet<CircusTest>()
  /** The tests whose errors of hooks have been reported. */
  readonly #told = new WeakSet<CircusTest>()
  /** The number of errors that belong to no test, and have been reported. */
  #toldOthers = 0
  readonly #refusals: Refusals

  constructor(state: CircusState) {
    this.#circus = state
    this.#refusals = new Refusals(state)
  }

  /** Puts hooks before and after all hooks that the user has, or adds later, in the file. */
  install(): void {
    const root = this.#circus.rootDescribeBlock
    const first = [
      hook('beforeAll', root, () => this.#beginFile(root)),
      hook('beforeEach', root, () => this.#beginTest()),
    ]
    const last = [
      hook('beforeAll', root, () => this.#beginTests()),
      hook('afterEach', root, () => this.#endTest()),
      hook('afterAll', root, () => this.#endFile(root)),
    ]
    const { hooks } = root
    hooks.unshift(...first)
    hooks.push(...last)
    // jest-circus runs them in the order of this list. It looks for the hooks after all tests before the first hook
    // runs.
    hooks.push = (...added) => {
      hooks.splice(hooks.length - last.length, 0, ...added)
      return hooks.length
    }
  }

  /** Applies to the file or describe that is being collected. */
  aroundTests(begin: () => Promise<undefined | (() => Promise<void>)>): void {
    const block = this.#circus.currentDescribeBlock
    let end: (() => Promise<void>) | undefined
    const begun = async (): Promise<void> => {
      if (this.#refusals.concern(block)) return
      try {
        end = await begin()
      } catch (error) {
        await this.#refusals.add(block, error as Error)
      }
    }
    block.hooks.push(hook('beforeAll', block, begun))
    this.suites.atEnd(block, async () => await end?.())
  }

  async #beginFile(root: CircusBlock): Promise<void> {
    const { refusal } = workerState()
    if (refusal) await this.#refusals.add(root, refusal)
    await confirmStart()
    await beginHooks(this.suites.begin(root))
  }

  #scopeOf(test: CircusTest): Scope {
    return this.suites.scopeOf(test) ?? unknownFile
  }

  // Concurrent tests begin now, all at once, without hooks of their own.
  async #beginTests(): Promise<void> {
    const tests = concurrentTests(this.#circus.rootDescribeBlock)
    if (tests.length === 0) return
    const { beginConcurrentTests } = await loadModule(() => import('../handle/concurrent-begin.ts'))
    const refusals = await beginConcurrentTests(tests.map(test => this.#scopeOf(test)))
    for (const [index, test] of tests.entries()) {
      const refusal = refusals[index]
      if (refusal) test.fn = () => Promise.reject(refusal)
    }
  }

  async #beginTest(): Promise<void> {
    const test = this.#circus.currentlyRunningTest
    if (!test) return
    const attempt = new TestAttempt({
      scope: this.#scopeOf(test),
      ...{ concurrent: false, task: test },
      name: () => fullNameOf(test),
      attempt: () => test.invocations - 1,
      // A test can throw what is no error.
      outcome: () => (test.errors.length > 0 ? 'failed' : undefined),
      isLast: async () => (await loadModule(() => import('./last-test.ts'))).isLastTest(test, this.#circus),
    })
    this.#begun.add(test)
    workerState().testTimeout = test.timeout ?? this.#circus.testTimeout
    this.#attempts.set(test, attempt)
    await attempt.begin()
  }

  async #endTest(): Promise<void> {
    const test = this.#circus.currentlyRunningTest
    const attempt = test && this.#attempts.get(test)
    if (!attempt) return
    this.#attempts.delete(test)
    try {
      await attempt.report(await errorsIn(test.errors))
    } finally {
      await attempt.end(mayLeaveSuite(test, this.#circus))
    }
  }

  async #endFile(root: CircusBlock): Promise<void> {
    try {
      await endTests(await this.#errorsAround(root), () => outcomesIn(root))
      await this.suites.end(root)
    } finally {
      // Otherwise Jest would say that the file's open handles keep the worker from ending.
      await endingOfFile().close()
    }
  }

  // The failed hooks of a describe are reported before its changes are undone. If a hook around it has failed before, the end
  // of the file reports them.
  #aroundHooks(block: CircusBlock): () => Promise<void> {
    const isDoomed = testsIn(block).some(({ errors }) => errors.length > 0)
    return async () => {
      const errors = isDoomed ? [] : await this.#errorsAround(block)
      if (errors.length === 0) return
      const { reportSuite } = await loadModule(() => import('../handle/suite-failure.ts'))
      const isLast = async (): Promise<boolean> =>
        (await loadModule(() => import('./last-test.ts'))).isLastTest(undefined, this.#circus)
      await reportSuite({ name: fullNameOf(block), errors, isLast })
    }
  }

  // The errors of beforeAll are errors of each test below it. None of these tests began.
  async #errorsAround(block: CircusBlock): Promise<ShownError[]> {
    const failed = testsIn(block).filter(test => !(this.#begun.has(test) || this.#told.has(test)))
    const { unhandledErrors } = this.#circus
    const errors = await errorsIn(unhandledErrors, this.#toldOthers)
    this.#toldOthers = unhandledErrors.length
    for (const test of failed) {
      if (test.errors.length > 0) this.#told.add(test)
      errors.push(...(await errorsIn(test.errors)))
    }
    return errors
  }
}

// Few tests fail.
async function errorsIn(list: CircusError[], from = 0): Promise<ShownError[]> {
  if (list.length <= from) return []
  const { errorsIn } = await loadModule(() => import('./circus-errors.ts'))
  return errorsIn(list, from)
}

const testsIn = ({ children }: CircusBlock): CircusTest[] =>
  children.flatMap(child => (child.type === 'test' ? [child] : testsIn(child)))

const outcomesIn = (root: CircusBlock): TestOutcome[] => testsIn(root).map(outcomeOf)

function outcomeOf(test: CircusTest): TestOutcome {
  const outcome = test.status === 'done' ? 'passed' : 'skipped'
  return { task: test, name: fullNameOf(test), outcome: test.errors.length > 0 ? 'failed' : outcome }
}

/** The name of a test, after those of its suites. */
function fullNameOf({ name, parent }: CircusTest | CircusBlock): string {
  return parent?.parent === undefined ? name : `${fullNameOf(parent)} > ${name}`
}
