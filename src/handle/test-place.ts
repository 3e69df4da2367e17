import type { Outcome } from '../broker/run-events.ts'
import type { Scope } from '../isolation/scope.ts'

/** A test, from the point of view of its runner's adapter. */
export interface TestPlace {
  /** The suite that the test is in, or the file. */
  readonly scope: Scope
  /** True if other tests of the suite run at the same time. */
  readonly concurrent: boolean
  /** The runner's own object of the test, which all attempts at the test share. */
  readonly task?: object | undefined
  /** The name of the test, after those of its suites. It is asked for when the test has failed. */
  readonly name?: (() => string) | undefined
  /** True if no test of the file follows, and no other attempt at this one. Asked when the test has failed. */
  readonly isLast?: (() => boolean | Promise<boolean>) | undefined
  /** The number of attempts at the test before this one. Default: none. */
  readonly attempt?: (() => number) | undefined
  /** The outcome, if the runner has other words for it than whether there were errors. */
  readonly outcome?: ((hasErrors: boolean) => Outcome | undefined) | undefined
}
