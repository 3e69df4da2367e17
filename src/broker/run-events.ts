import type { ObservedDeath, ObservedStart } from '../config/process-observer.ts'

/*
 * The events of a run, for its report. Times are in milliseconds: `at` since 1970, `took` from then on.
 */

interface Span {
  readonly at: number
  readonly took: number
}

/** A server's process was started. */
interface StartEvent extends ObservedStart {
  readonly kind: 'start'
}

/** A server's process ended, and the fixture had not stopped it. `isAsked`: a test had sent it a signal
 * that ends a process. */
interface DeathEvent extends ObservedDeath {
  readonly kind: 'death'
  readonly isAsked: boolean
}

/**
 * A server got another process on its address, for a test: after a restart, with a new process, or with the process that
 * had stood aside meanwhile.
 */
export interface ReplacementEvent extends Span {
  readonly kind: 'replacement'
  readonly by: 'restart' | 'new process' | 'step aside' | 'come back'
}

/** A test file had a server. The event is told at the beginning, and then grows. */
export interface LeaseEvent {
  readonly kind: 'lease'
  readonly at: number
  /** Undefined while the file has the server. */
  took: number | undefined
  /** The time that the worker waited for the server. */
  readonly waited: number
  file: string | undefined
  readonly worker: number | undefined
}

/** A server was reset in place. */
interface ResetEvent extends Span {
  readonly kind: 'reset'
  /** The number of changes that were undone. */
  readonly undone: number
}

export type Outcome = 'passed' | 'failed' | 'skipped'

/** One attempt at a test of the file that has the server. */
export interface TestEvent extends Span {
  readonly kind: 'test'
  /** The name, after those of the suites. */
  readonly name: string
  /** Counts the attempts at the same test, from 0. */
  readonly attempt: number
  readonly outcome: Outcome
  readonly file?: string | undefined
  readonly error?: string | undefined
  /** The last lines that the server logged during the test. */
  readonly log?: readonly string[] | undefined
  /** The number of lines before these; -1 if there are too many to count. */
  readonly earlier?: number | undefined
  /** The changes of the test, as they are under a failed test. */
  readonly changes?: readonly string[] | undefined
}

/** The events that a worker tells. */
export type WorkerEvent = ResetEvent | TestEvent

export type RunEvent = StartEvent | DeathEvent | ReplacementEvent | LeaseEvent | WorkerEvent

/** A pooled server, as the report names it. */
export interface Lane {
  readonly name: string
  /** The number among the servers of that name. */
  readonly number: number
  readonly isCluster: boolean
}

/** Takes the events of a run, each with the server that it is about. */
export type RecordEvent = (lane: Lane, event: RunEvent) => void
