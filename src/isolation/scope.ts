import type { Isolation } from '../config/isolation.ts'
import type { ServerFacts } from './server.ts'

/** A server, as far as what tests want of it is concerned. */
type Server = Pick<ServerFacts, 'name' | 'isolation' | 'strict'>

/** A file's or a suite's use of a server, with what it wants for its tests instead of the config's. */
export interface ServerUse {
  readonly server: string
  readonly isolation?: Isolation | undefined
  readonly strict?: boolean | undefined
}

/** A test file or a suite in it, as far as servers are concerned. Adapters make them from their runner's tree. */
export interface Scope {
  /** Undefined for the file. */
  readonly parent: Scope | undefined
  /** A file's grow: a handle that another file made counts from its first use on. */
  readonly uses: ServerUse[]
  /** Some of the file's tests run beside others. Of the file only. */
  readonly hasConcurrent?: boolean | undefined
  /** Code of the user's runs once before or after its tests: `beforeAll`. */
  readonly hasHooks: boolean
}

/** What a test, or a suite's hook, is to find of a server. */
export interface Demand {
  /**
   * The server is used by its handle. Where it is not, it is brought back only if anybody but the fixture was there, and a
   * file that has nothing to do with Tarantool hears nothing of it.
   */
  readonly isUsed: boolean
  readonly isolation: Isolation
  readonly strict: boolean
  /** The suites around it whose hooks' changes are kept apart, outermost first. */
  readonly suites: readonly Scope[]
  /** Hooks of the innermost of them, or of the file where there is none, have run. */
  readonly hooksRan: boolean
  /** What it changes is there for all that comes after it: nothing around it asks for anything else. */
  readonly stays: boolean
}

/** The file of which nothing is known yet. */
export const unknownFile: Scope = { parent: undefined, uses: [], hasHooks: false }

function* outwards(scope: Scope): Generator<Scope> {
  for (let at: Scope | undefined = scope; at; at = at.parent) yield at
}

function usesIn(scope: Scope, server: string): ServerUse[] {
  return [...outwards(scope)].flatMap(({ uses }) => uses.filter(use => use.server === server).reverse())
}

/** Whether the tests of a scope use a server, other than by its address. */
export function isUsedIn(scope: Scope, server: string): boolean {
  return usesIn(scope, server).length > 0
}

/** The isolation that applies to a server's tests: that of the innermost use that names one, else the config's. */
function isolationIn(scope: Scope, { name, isolation: default_ }: Server): Isolation {
  return usesIn(scope, name).find(({ isolation }) => isolation !== undefined)?.isolation ?? default_
}

/** Whether each test is to have a process that nobody had before. */
export const wantsOwnProcess = ({ isolation }: Pick<Demand, 'isolation'>): boolean =>
  isolation === 'restart' || isolation === 'process'

/** What a test, or a hook, of a scope is to find of a server. */
export function demandIn(scope: Scope, server: Server): Demand {
  const { name } = server
  const around = [...outwards(scope)]
  const isUsed = isUsedIn(scope, name)
  // Tests at once that only have an address are nobody's to tell apart: between files, all that they did is undone.
  const isShared = (within: Scope): boolean => around.at(-1)?.hasConcurrent === true && !isUsedIn(within, name)
  // Also of a suite that asks for another isolation: what is around it is to find nothing of its hooks.
  const isKeptApart = (suite: Scope): boolean =>
    suite.parent !== undefined && [suite, suite.parent].some(scope => isolationIn(scope, server) === 'reset')
  const suites = around.filter(suite => suite.hasHooks && !isShared(suite) && isKeptApart(suite))
  return {
    isUsed,
    isolation: isShared(scope) ? 'none' : isolationIn(scope, server),
    strict: isUsed && (usesIn(scope, name).find(({ strict }) => strict !== undefined)?.strict ?? server.strict),
    suites: suites.toReversed(),
    hooksRan: (suites[0] ?? around.at(-1) ?? scope).hasHooks,
    stays: isShared(scope) || around.every(each => isolationIn(each, server) === 'none'),
  }
}
