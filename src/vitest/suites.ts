import type { RunnerTask, RunnerTestFile, RunnerTestSuite } from 'vitest'
import { beginSuite, endSuite } from '../handle/suite.ts'
import { isSuiteApart, type Scope, type ServerUse } from '../isolation/scope.ts'
import { loadModule } from '../load-module.ts'
import { fullNameOf } from './outcomes.ts'
import { isLastTest } from './rest-of-suite.ts'
import { type Hook, type RunnerAccess, runInside } from './runner-access.ts'

type Suite = RunnerTestSuite | RunnerTestFile

const useKey = Symbol.for('tarantool-fixture.use')

/**
 * The suites of a test file: the servers that they use, and when they begin and end. While the file is collected, a
 * hook that does nothing keeps the list of a suite's servers.
 */
export class Suites {
  readonly #runner: RunnerAccess
  readonly #scopes = new WeakMap<Suite, Scope>()

  constructor(runner: RunnerAccess) {
    this.#runner = runner
  }

  /** Notes a use for the suite that is being collected. */
  mark(use: ServerUse): void {
    this.#runner.currentSuite().on(
      'beforeAll',
      Object.assign(() => {}, { [useKey]: use }),
    )
  }

  /** Called in the file's first hook. Returns the scopes of the file, and of all suites in it. */
  begin(file: RunnerTestFile): Scope[] {
    return this.#add(file, undefined)
  }

  /** The scope of a test's suite. */
  scopeOf(task: RunnerTask): Scope | undefined {
    return this.#scopes.get(task.suite ?? task.file)
  }

  #add(suite: Suite, parent: Scope | undefined): Scope[] {
    const { beforeAll, afterAll, aroundAll = [] } = this.#runner.hooksOf(suite)
    const usesOf = (hook: Hook): ServerUse[] => {
      const use = (hook as { [useKey]?: ServerUse })[useKey]
      return use ? [use] : []
    }
    const uses = (beforeAll as Hook[]).flatMap(usesOf)
    const count = beforeAll.length - uses.length + afterAll.length + aroundAll.length
    const scope: Scope = { parent, uses, hasHooks: count > 0, hasConcurrent: !parent && hasConcurrent(suite) }
    this.#scopes.set(suite, scope)
    if (parent && isSuiteApart(scope)) {
      const end = async (): Promise<void> => {
        await reportHooks(suite).finally(() => endSuite(scope))
      }
      runInside(this.#runner.hooksOf(suite), { begin: () => beginSuite(scope), end })
    }
    const suites = suite.tasks.filter(task => task.type === 'suite')
    return [scope, ...suites.flatMap(child => this.#add(child, scope))]
  }
}

// The changes of the hooks are still there.
async function reportHooks(suite: Suite): Promise<void> {
  const errors = suite.result?.errors ?? []
  if (errors.length === 0) return
  const { reportSuite } = await loadModule(() => import('../handle/suite-failure.ts'))
  await reportSuite({ name: fullNameOf(suite), errors, isLast: () => isLastTest(suite) })
}

function hasConcurrent(suite: Suite): boolean {
  return suite.tasks.some(task => (task.type === 'suite' ? hasConcurrent(task) : isConcurrent(task)))
}

/** True if a test runs beside others. */
export function isConcurrent(task: RunnerTask): boolean {
  for (let at: RunnerTask | undefined = task; at; at = at.suite) if (at.concurrent) return true
  return false
}
