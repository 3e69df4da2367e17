import type { Isolation } from '../config/isolation.ts'
import type { ServerFacts } from './server.ts'

/** The facts about a server that decide what its tests need. */
type Server = Pick<ServerFacts, 'name' | 'isolation' | 'strict' | 'records' | 'memberOf'>

/** A file's or a suite's use of a server, with options that override the config for its tests. */
export interface ServerUse {
  readonly server: string
  readonly isolation?: Isolation | undefined
  readonly strict?: boolean | undefined
}

/** A test file, or a suite in it. The adapters make scopes from their runner's tree. */
export interface Scope {
  /** Undefined for the file. */
  readonly parent: Scope | undefined
  /** The uses of a file grow: a handle that another file made counts from its first use on. */
  readonly uses: ServerUse[]
  /** Some of the file's tests run concurrently. Set for files only. */
  readonly hasConcurrent?: boolean | undefined
  /** The user's code runs once before or after the tests: `beforeAll`, `afterAll`. */
  readonly hasHooks: boolean
}

/** The state of a server that a test, or a hook of a suite, needs. */
export interface Demand {
  /**
   * The tests use the server through its handle. Otherwise the server is reset only if other clients were connected.
   * Files that do not use Tarantool then see none of its errors.
   */
  readonly isUsed: boolean
  readonly isolation: Isolation
  readonly strict: boolean
  /** The enclosing suites whose hooks' changes are kept apart, outermost first. */
  readonly suites: readonly Scope[]
  /** Hooks of the innermost of these suites have run; without such a suite, hooks of the file. */
  readonly hooksRan: boolean
  /** The changes are kept until the innermost of `suites` ends, or the file: no scope within undoes changes. */
  readonly stays: boolean
}

/** Stands for the file before the runner has collected it. */
export const unknownFile: Scope = { parent: undefined, uses: [], hasHooks: false }

function* outwards(scope: Scope): Generator<Scope> {
  for (let at: Scope | undefined = scope; at; at = at.parent) yield at
}

function usesIn(scope: Scope, server: string): ServerUse[] {
  return [...outwards(scope)].flatMap(({ uses }) => uses.filter(use => use.server === server).reverse())
}

/** True if the tests of a scope use a server through a handle, not only by its address. */
export function isUsedIn(scope: Scope, server: string): boolean {
  return usesIn(scope, server).length > 0
}

/** The isolation of a server's tests: the innermost use that names an isolation decides, then the config. */
function isolationIn(scope: Scope, { name, isolation: default_ }: Server): Isolation {
  return usesIn(scope, name).find(({ isolation }) => isolation !== undefined)?.isolation ?? default_
}

/** True if hooks or tests of a suite may need another state of a server than those around the suite. */
export const isSuiteApart = ({ hasHooks, uses }: Scope, server?: string): boolean =>
  hasHooks || uses.some(use => use.isolation !== undefined && use.server === (server ?? use.server))

/** True if each test needs a process that nobody has used before. */
export const wantsOwnProcess = ({ isolation }: Pick<Demand, 'isolation'>): boolean =>
  isolation === 'restart' || isolation === 'process'

// The cluster as a whole is brought back, so its instances only have to run.
const demandOfMember = (isUsed: boolean): Demand => ({
  isUsed,
  isolation: 'none',
  strict: false,
  suites: [],
  hooksRan: false,
  stays: true,
})

/** The state of a server that a test, or a hook, of a scope needs. */
export function demandIn(scope: Scope, server: Server): Demand {
  const { name, memberOf } = server
  if (memberOf !== undefined) return demandOfMember(isUsedIn(scope, memberOf))
  const around = [...outwards(scope)]
  const isUsed = isUsedIn(scope, name)
  // Concurrent tests that only use the address cannot be told apart. All their changes are undone between files.
  const isShared = (within: Scope): boolean => around.at(-1)?.hasConcurrent === true && !isUsedIn(within, name)
  const isUndone = (within: Scope): boolean => !['file', 'none'].includes(isolationIn(within, server))
  // Tests and hooks around a suite must not find changes of its hooks, even if its own tests share what they change.
  const isKeptApart = (suite: Scope): boolean =>
    server.records && suite.parent !== undefined && [suite, suite.parent].some(isUndone)
  const suites = around.filter(suite => isSuiteApart(suite, name) && !isShared(suite) && isKeptApart(suite))
  const within = suites[0] ? around.slice(0, around.indexOf(suites[0]) + 1) : around
  return {
    isUsed,
    isolation: isShared(scope) ? 'none' : isolationIn(scope, server),
    strict: isUsed && (usesIn(scope, name).find(({ strict }) => strict !== undefined)?.strict ?? server.strict),
    suites: suites.toReversed(),
    hooksRan: (suites[0] ?? around.at(-1) ?? scope).hasHooks,
    stays: isShared(scope) || !within.some(isUndone),
  }
}
