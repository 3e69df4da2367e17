import { createRequire } from 'node:module'
import { compareVersionsAsTexts, type Expect } from '../handle/equal-versions.ts'
import type { ShownError } from '../handle/failure-log.ts'
import { TestAttempt } from '../handle/test-attempt.ts'
import { beginHooks, endingOfFile, endTests, refuseConcurrent } from '../handle/test-file.ts'
import { workerState } from '../handle/worker-state.ts'
import { demandIn, unknownFile } from '../isolation/scope.ts'
import { type CircusBlock, type CircusState, type CircusTest, circus, errorsIn, hook } from './circus.ts'
import { confirmStart, expectTests } from './file-start.ts'
import { failFirstTest } from './refused-file.ts'
import { concurrentTests, mayLeaveSuite, Suites } from './suites.ts'

/** What is done around the hooks and tests of one test file. */
export class HooksOfFile {
  readonly suites: Suites = new Suites()
  readonly #circus: CircusState
  readonly #attempts = new WeakMap<CircusTest, TestAttempt>()
  readonly #begun = new WeakSet<CircusTest>()
  /** The blocks that could not get a server. */
  readonly #refused = new WeakSet<CircusBlock>()

  constructor(state: CircusState) {
    this.#circus = state
  }

  /** Puts hooks before and after all that the user has, or is going to have, in the file. */
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
    // jest-circus runs them in the order of this list, and looks for those after all tests before the first hook runs.
    hooks.push = (...added) => {
      hooks.splice(hooks.length - last.length, 0, ...added)
      return hooks.length
    }
  }

  /** For the file or describe that is being collected. */
  aroundTests(begin: () => Promise<undefined | (() => Promise<void>)>): void {
    const block = this.#circus.currentDescribeBlock
    let end: (() => Promise<void>) | undefined
    const begun = async (): Promise<void> => {
      if (this.#isRefused(block)) return
      try {
        end = await begin()
      } catch (error) {
        this.#refuse(block, error as Error)
      }
    }
    block.hooks.push(hook('beforeAll', block, begun))
    this.suites.atEnd(block, async () => await end?.())
  }

  #refuse(block: CircusBlock, error: Error): void {
    this.#refused.add(block)
    failFirstTest(block, error, this.#circus)
  }

  #isRefused(block: CircusBlock | undefined): boolean {
    return block !== undefined && (this.#refused.has(block) || this.#isRefused(block.parent))
  }

  async #beginFile(root: CircusBlock): Promise<void> {
    const { refusal } = workerState()
    if (refusal) this.#refuse(root, refusal)
    await confirmStart()
    await beginHooks(this.suites.begin(root))
  }

  // Concurrent tests begin now, all at once, and without hooks of their own.
  async #beginTests(): Promise<void> {
    const tests = concurrentTests(this.#circus.rootDescribeBlock)
    if (tests.length === 0) return
    const { scopes, servers } = workerState()
    for (const server of servers.values()) {
      for (const test of tests) {
        const refusal = refuseConcurrent(this.suites.scopeOf(test) ?? unknownFile, server)
        if (refusal) test.fn = () => Promise.reject(refusal)
      }
      const demand = demandIn(scopes[0] ?? unknownFile, server.info)
      if (demand.isolation !== 'file') continue
      const attempt = {}
      const error = await server.beginTest(attempt, demand)
      await server.isolated.endTest(attempt, demand, false)
      if (error) throw error
    }
  }

  async #beginTest(): Promise<void> {
    const test = this.#circus.currentlyRunningTest
    if (!test) return
    const attempt = new TestAttempt({ scope: this.suites.scopeOf(test) ?? unknownFile, concurrent: false })
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
      await attempt.report(errorsIn(test.errors))
    } finally {
      await attempt.end(mayLeaveSuite(test, this.#circus))
    }
  }

  async #endFile(root: CircusBlock): Promise<void> {
    try {
      await endTests(this.#errorsAround(root))
      await this.suites.end(root)
    } finally {
      // Of what a file leaves open, Jest would say that it keeps the worker from ending.
      await endingOfFile().close()
    }
  }

  // Those of beforeAll are errors of each test below, none of which began.
  #errorsAround(block: CircusBlock): ShownError[] {
    const ofTests = block.children.flatMap(child =>
      child.type === 'describeBlock' ? this.#errorsAround(child) : errorsIn(this.#begun.has(child) ? [] : child.errors),
    )
    return block.parent ? ofTests : [...errorsIn(this.#circus.unhandledErrors), ...ofTests]
  }
}

// Jest's own require() has it, for modules that are not installed beside Jest, too. A global there may not be (injectGlobals).
function expectOfFile(): Expect {
  return (createRequire(__filename)('@jest/globals') as { readonly expect: Expect }).expect
}

const key = Symbol.for('tarantool-fixture.jest.hooks')
const holder = globalThis as { [key]?: HooksOfFile }

/**
 * The hooks of the test file that runs here, which are put into place when they are first asked for.
 *
 * @throws SetupError under another runner
 */
export function hooksOfFile(): HooksOfFile {
  if (holder[key]) return holder[key]
  const state = circus()
  const hooks = new HooksOfFile(state)
  holder[key] = hooks
  hooks.install()
  compareVersionsAsTexts(expectOfFile())
  expectTests(state)
  workerState().markUse = use => hooks.suites.mark(state.currentDescribeBlock, use)
  return hooks
}
