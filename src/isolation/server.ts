import type { Isolation } from '../config/isolation.ts'
import type { ErrorDetails } from '../errors.ts'
import type { LateChange } from './late-changes.ts'

/** The facts about a leased server that isolation needs. */
export interface ServerFacts {
  readonly name: string
  /** The isolation in the config, for tests that ask for no other. */
  readonly isolation: Isolation
  readonly strict: boolean
  /** The server records changes, so that a reset can undo them. */
  readonly records: boolean
  /** Counts the server's processes: every process has another number. */
  readonly generation: number
  /** The process began with an empty directory, so its records begin at the end of the application's Lua. */
  readonly beganEmpty: boolean
  /** The process with the changes of the file's hooks stands aside, and another process has its address. */
  readonly aside: boolean
  /** Set for an instance of a cluster: the name of the leased server that is the cluster. */
  readonly memberOf?: string | undefined
  /** An earlier file had the server, and the server was not replaced since. */
  readonly leasedBefore: boolean
}

/** The operations with which the agent opens a level anew: fixtures/agent/isolation/main.lua. */
export type Entry = 'enter' | 'enter_if_dirty' | 'enter_at_once'

export type AgentOperation = Entry | 'rewind' | 'nest' | 'changes' | 'dirty' | 'digest' | 'requests'

/** The operations of a member of a cluster: fixtures/agent/isolation/member.lua. */
export type MemberOperation =
  | 'part'
  | 'lower_quorum'
  | 'raise_quorum'
  | 'subscribe'
  | 'look'
  | 'agree'
  | 'clock'
  | 'number'
  | 'hide'
  | 'lead'
  | 'follow'
  | 'join'
  | 'raise'
  | 'stack'

/** The requests that clients had in progress during a test's undo. */
export interface RequestsUnderWay {
  /** The number of requests when the test ended. */
  readonly at_end: number
  /** The number of requests that began since then. */
  readonly since: number
  /** The number of requests that are still running. */
  readonly now: number
  /** The kinds of the requests that began since then, if known: `3 CALL`. */
  readonly kinds: readonly string[]
  /** The places of those requests, and of fibers that the test has started: `call at app.lua:5`. */
  readonly fibers: readonly string[]
  /** The changes since the undo. */
  readonly changed: readonly LateChange[]
}

/** A reply of the agent in the server: fixtures/agent/isolation/main.lua. */
export interface AgentReply {
  /** The number of changes that were undone. */
  readonly undone?: number | undefined
  /** The reason why the server cannot be reset in place and has to be replaced. */
  readonly lost?: string | undefined
  /**
   * True if the server may differ from the baseline: a change was recorded, or clients other than the fixture were
   * connected. False as the reply to `'enter_if_dirty'`: the level has not changed, and was not opened anew.
   */
  readonly dirty?: boolean | undefined
  /** Clients other than the fixture were connected. */
  readonly clients?: boolean | undefined
  /** For each remaining level, from the lowest on, whether anything changed in that level. */
  readonly kept?: readonly boolean[] | undefined
  /** The instances of a cluster that got new processes, with the reasons. */
  readonly replaced?: readonly string[] | undefined
  /** Differs between two different states of the data. */
  readonly digest?: string | undefined
  readonly requests?: RequestsUnderWay | undefined
  /** The reply of a member of a cluster to its operations: src/cluster/reset/member-state.ts. */
  readonly member?: string | undefined
  /** The description of changes, for `changes.ts`. */
  readonly changes?: Uint8Array | undefined
}

/**
 * The ways in which another process replaces the server's process on the same address.
 *
 * - `'start'`: starts a process with an empty directory.
 * - `'record'`: like `'start'`, and the server records changes from then on.
 * - `'spare'`: takes the waiting spare; without a spare, starts a process.
 * - `'if-gone'`: starts a process unless the server runs. Resumes a frozen server.
 */
export type Replacement = 'start' | 'record' | 'spare' | 'if-gone'

/** The exit of a server that ended by itself. */
export interface Death {
  readonly fingerprint: string
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly logFile: string
}

/** All operations of isolation on a server. Unit tests implement this with a fake server. */
export interface ServerControl {
  facts(): ServerFacts
  /**
   * Sends a request to the agent in the server.
   *
   * @param keep the number of the server's levels that stay, from the lowest on, for operations that undo levels.
   *   Default: none
   * @param limit the longest list of rows, for `'changes'`
   * @throws ConnectionError if the server ends first; RequestTimeoutError if it is stuck
   */
  ask(operation: AgentOperation, keep?: number, limit?: number): Promise<AgentReply>
  replace(by: Replacement): Promise<void>
  /**
   * Lets the process stand aside with its contents, while tests use other processes on its address. The first of these
   * is the spare, or a process that starts now. If two processes cannot share the address in turn, the process is
   * replaced.
   */
  stepAside(by: 'start' | 'spare'): Promise<void>
  /**
   * Ends the tests' process, and gives the address back to the process that stood aside. Starts a new process if that
   * one has ended.
   */
  comeBack(): Promise<void>
  /** Kills the process without asking it to stop. */
  kill(): Promise<void>
  /**
   * The exit of the process, if it ended by itself; undefined while it runs. `suspected`: something failed that the
   * process's end would explain.
   */
  findDeath(suspected: boolean): Promise<Death | undefined>
  /** The server's name for messages, and its latest log lines: since an offset, or since the test began. */
  describe(logSince?: number): Promise<ErrorDetails & { instance: string }>
}
