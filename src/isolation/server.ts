import type { Isolation } from '../config/isolation.ts'
import type { ErrorDetails } from '../errors.ts'

/** What isolation needs to know of a leased server. */
export interface ServerFacts {
  readonly name: string
  /** The config's, for tests that ask for no other. */
  readonly isolation: Isolation
  readonly strict: boolean
  /** It records what changes, so that it can be undone. */
  readonly records: boolean
  /** Counts its processes: another number, another process. */
  readonly generation: number
  /** Its process began with an empty directory: what it recorded begins at the end of the application's Lua. */
  readonly beganEmpty: boolean
  /** The process that the file's hooks had stands aside, and another has its address. */
  readonly aside: boolean
  /** An earlier file had it, and it was not made fresh since. */
  readonly used: boolean
}

/** How a level is entered: fixtures/agent/isolation/main.lua. */
export type Entry = 'enter' | 'enter_if_touched' | 'enter_at_once'

export type AgentOperation = Entry | 'rewind' | 'touched' | 'digest' | 'requests'

/** What clients had under way when a test was undone. */
export interface RequestsUnderWay {
  /** How many requests, when the test ended. */
  readonly at_end: number
  /** How many more have come since. */
  readonly since: number
  /** How many there still are. */
  readonly now: number
  /** What has begun since, where that is known: `3 CALL`. */
  readonly kinds: readonly string[]
  /** Where those are, and fibers that the test has started: `call at app.lua:5`. */
  readonly fibers: readonly string[]
  /** What was changed since the undo: `3 rows of space 'users' ([1, 'ann'] and others)`. */
  readonly changed: readonly string[]
}

/** What the agent in a server answers: fixtures/agent/isolation/main.lua. */
export interface AgentReply {
  /** How many changes were undone. */
  readonly undone?: number | undefined
  /** Why the server cannot be brought back in place; it has to be replaced. */
  readonly lost?: string | undefined
  /** Whether anything was recorded, or others than the fixture were connected. */
  readonly touched?: boolean | undefined
  /** Others than the fixture were connected. */
  readonly clients?: boolean | undefined
  /** Of each level that is left, from the lowest on, whether anything changed in it. */
  readonly kept?: readonly boolean[] | undefined
  /** Tells two states of all data apart. */
  readonly digest?: string | undefined
  readonly requests?: RequestsUnderWay | undefined
}

/**
 * How another process takes the server's place, on the same address.
 *
 * - `'start'`: one that is started now, with an empty directory.
 * - `'record'`: the same, and from then on it records what changes.
 * - `'spare'`: the one that waits, or where there is none, one that is started now.
 * - `'if-gone'`: one that is started now, unless the server runs; a server that is frozen is resumed.
 */
export type Replacement = 'start' | 'record' | 'spare' | 'if-gone'

/** How a server ended that nobody stopped. */
export interface Death {
  readonly fingerprint: string
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly logFile: string
}

/** All that isolation does to a server. A test's fake is one of these, too. */
export interface ServerControl {
  facts(): ServerFacts
  /** @throws ConnectionError when the server ends first; RequestTimeoutError when it is stuck */
  ask(operation: AgentOperation, depth: number): Promise<AgentReply>
  replace(by: Replacement): Promise<void>
  /**
   * Lets the process stand aside, with all that it holds, while tests have others on its address: the first is the spare, or
   * one that is started now. Where there cannot be two, it is replaced.
   */
  stepAside(by: 'start' | 'spare'): Promise<void>
  /** Ends what tests had, and gives its address back to the process that stood aside; to a new one, if that has ended. */
  comeBack(): Promise<void>
  /** Ends the process without asking it. */
  kill(): Promise<void>
  /** How the process ended by itself; undefined when it runs. `suspected`: something failed that its end would explain. */
  findDeath(suspected: boolean): Promise<Death | undefined>
  /** How messages call the server, and what it logged last, since an offset or since the test began. */
  describe(logSince?: number): Promise<ErrorDetails & { instance: string }>
}
