import { beginSuite, endSuite } from '../handle/suite.ts'
import { isSuiteApart, type Scope, type ServerUse } from '../isolation/scope.ts'
import type { CircusBlock, CircusState, CircusTest } from './circus.ts'
import { hook, isOurs } from './circus-hooks.ts'

/** Is called before the first hook of a describe. Returns a function to call after its last hook. */
type AroundHooks = (block: CircusBlock) => () => Promise<void>

/** The describes of a test file: the servers that they use, and when they begin and end. */
export class Suites {
  readonly #aroundHooks: AroundHooks
  readonly #uses = new WeakMap<CircusBlock, ServerUse[]>()
  readonly #ends = new WeakMap<CircusBlock, (() => Promise<void>)[]>()
  readonly #scopes = new WeakMap<CircusBlock, Scope>()

  constructor(aroundHooks: AroundHooks) {
    this.#aroundHooks = aroundHooks
  }

  /** Notes a use for a describe that is being collected. */
  mark(block: CircusBlock, use: ServerUse): void {
    this.#uses.set(block, [...(this.#uses.get(block) ?? []), use])
  }

  /** Adds a function that runs after all hooks of a describe that is being collected. */
  atEnd(block: CircusBlock, end: () => Promise<void>): void {
    this.#ends.set(block, [...(this.#ends.get(block) ?? []), end])
  }

  /** Called in the file's first hook. Returns the scopes of the file, and of all describes in it. */
  begin(block: CircusBlock, parent?: Scope): Scope[] {
    const scope: Scope = {
      parent,
      uses: this.#uses.get(block) ?? [],
      hasHooks: block.hooks.some(each => /^(before|after)All$/.test(each.type) && !isOurs(each)),
      hasConcurrent: !parent && concurrentTests(block).length > 0,
    }
    this.#scopes.set(block, scope)
    if (parent) {
      block.hooks.push(hook('afterAll', block, () => this.end(block)))
      if (isSuiteApart(scope)) {
        let report: (() => Promise<void>) | undefined
        const begin = async (): Promise<void> => {
          report = this.#aroundHooks(block)
          await beginSuite(scope)
        }
        const end = async (): Promise<void> => {
          try {
            await report?.()
          } finally {
            await endSuite(scope)
          }
        }
        block.hooks.unshift(hook('beforeAll', block, begin))
        block.hooks.push(hook('afterAll', block, end))
      }
    }
    const children = block.children.filter(child => child.type === 'describeBlock')
    return [scope, ...children.flatMap(child => this.begin(child, scope))]
  }

  /** Runs the functions that were added for the end of a describe, or of the file. */
  async end(block: CircusBlock): Promise<void> {
    for (const end of this.#ends.get(block) ?? []) await end()
  }

  /** The scope of a test's describe, or of the file. */
  scopeOf({ parent }: CircusTest): Scope | undefined {
    return this.#scopes.get(parent)
  }
}

/** The concurrent tests. Jest starts them before all other tests, at the same time. */
export function concurrentTests(block: CircusBlock): CircusTest[] {
  return block.children.flatMap(child =>
    child.type === 'describeBlock' ? concurrentTests(child) : child.concurrent ? [child] : [],
  )
}

/** True if hooks or another describe may come next after a test, not only another test of its describe. */
export function mayLeaveSuite(test: CircusTest, { hasFocusedTests, testNamePattern }: CircusState): boolean {
  // A repeated attempt comes after all other tests. The code does not work out again which tests are skipped.
  if (test.invocations > 1 || hasFocusedTests || testNamePattern) return true
  const { children } = test.parent
  const next = children[children.indexOf(test) + 1]
  return next?.type !== 'test' || next.mode !== undefined
}
