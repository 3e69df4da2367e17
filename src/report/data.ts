/*
 * The data of a report, as JSON: the format that docs/report.md describes. Times are in milliseconds. `at` counts from the
 * begin of the run.
 */

/** The version of the format. It changes if a reader of the former format could misread the new one. */
export const formatVersion = 1

/** How often something was done, and how long it took. */
export interface Cost {
  readonly count: number
  readonly total: number
  readonly median: number
  readonly longest: number
}

/** A server: its address is the same during a lease, whatever process has it. */
export interface ReportedServer {
  /** The server's name in the config, and its number: `default 1`. */
  readonly name: string
  /** The version or the directory of the setup, if several share the report. */
  readonly run?: string
  readonly isCluster?: true
  /** The version of the Tarantool that runs there, if it has run. */
  readonly version?: string
}

interface Event {
  /** The position of the server in `servers`. */
  readonly server: number
  readonly at: number
}

export type ReportedEvent = Event &
  (
    | {
        readonly kind: 'start'
        readonly took: number
        readonly instance: string
        readonly pid?: number
        /** The process waits until it replaces another one. */
        readonly isSpare?: true
        /** The time that the seed took; absent if the data came from a template, or if there is no seed. */
        readonly seedTook?: number
        readonly error?: string
      }
    | { readonly kind: 'lease'; readonly took: number; readonly waited: number; readonly file?: number }
    | { readonly kind: 'reset'; readonly took: number; readonly undone: number }
    | { readonly kind: 'replacement'; readonly took: number; readonly by: string }
    | {
        readonly kind: 'death'
        readonly instance: string
        readonly exitCode?: number
        readonly signal?: string
        /** A test had sent the process a signal that ends it. */
        readonly isAsked?: true
      }
  )

/** The part that one server had in a test. */
export interface ReportedPart {
  readonly server: number
  /** The last lines that the server logged. */
  readonly log?: readonly string[]
  /** The number of lines before these; -1 if there were too many to count. */
  readonly earlier?: number
  /** The changes: a summary, then the first rows. */
  readonly changes?: readonly string[]
  /** Log or changes are left out, because the report would be too large. */
  readonly isCut?: true
}

export interface ReportedTest {
  /** The position in `files`; absent if the file is not known. */
  readonly file?: number
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly at: number
  readonly took: number
  /** The number of earlier attempts. */
  readonly attempt?: number
  /** Another attempt came after this one, which counts instead. */
  readonly isRetried?: true
  readonly error?: string
  readonly parts: readonly ReportedPart[]
}

export interface ReportData {
  readonly version: number
  /** The version of tarantool-fixture. */
  readonly fixture: string
  /** The begin of the run, in ISO 8601. */
  readonly began: string
  readonly took: number
  readonly tests: { readonly passed: number; readonly failed: number; readonly skipped: number }
  readonly cost: {
    /** Starts of processes, most of them in the background. */
    readonly starts: Cost
    /** Seeds that ran. */
    readonly seeds: Cost
    /** The time that test files waited for a server. */
    readonly waits: Cost
    readonly resets: Cost
    /** Processes that replaced another one, because a test asked for that. */
    readonly replacements: Cost
    /** Processes that ended by themselves. */
    readonly crashes: number
  }
  readonly servers: readonly ReportedServer[]
  readonly files: readonly string[]
  readonly results: readonly ReportedTest[]
  readonly events: readonly ReportedEvent[]
  /** The number of events that are left out, because there were too many. */
  readonly leftOut?: number
}
