import type { ApplicationOptions } from './application-options.ts'
import type { CoverageOptions } from './coverage-options.ts'
import type { Isolation } from './isolation.ts'
import type { InstanceOptions } from './options.ts'
import type { ReplicationOptions } from './replica-set-options.ts'

/**
 * The options of one server of a fixture: an instance, a replica set or a Tarantool 3 application, and how tests share it.
 */
export interface ServerOptions extends InstanceOptions, ReplicationOptions, ApplicationOptions {
  /** How tests are isolated from each other. Default `'reset'`. */
  isolation?: Isolation | undefined
  /**
   * Compares all data after each undone test (isolation `'reset'`) with the data before the test. A test that left a
   * difference fails. Each test costs a reading of all data. Default false.
   */
  strict?: boolean | undefined
  /** A failed test shows, beside the log, what it changed in the server: at most ten lines. Default true. */
  showChanges?: boolean | undefined
  /**
   * `'on-failure'`: a failed test shows what its server logged. `'live'`: besides, the run prints each line of the server's
   * log as it comes, marked with the server and the test. Default: TARANTOOL_FIXTURE_LOG, else `'on-failure'`.
   */
  log?: 'on-failure' | 'live' | undefined
  /**
   * `'on-failure'`: a failed test's server runs on as the test left it, on an address of its own, and the run waits at its
   * end until somebody has looked at it. Only in a terminal, and never in CI. Default: `'on-failure'` with
   * TARANTOOL_FIXTURE_HOLD=1, else `'never'`.
   */
  hold?: 'never' | 'on-failure' | undefined
}

/** Which servers run on when their test has ended. */
export type Hold = NonNullable<ServerOptions['hold']>

/** The lines of a server's log that a run prints. */
export type ShownLog = NonNullable<ServerOptions['log']>

/**
 * The config that `defineTarantool` and the plugin take. The options of a server next to `servers` are defaults for all
 * servers.
 */
export interface FixtureConfig extends ServerOptions {
  /** Several servers, by name. Default: one, named `default`. */
  servers?: { readonly [name: string]: ServerOptions } | undefined
  /**
   * When a test file gets its servers. `'file'`: before the file is imported. `'on-use'`: with the first hook after
   * `useTarantool()`, for projects in which few files need a server. Default `'file'`.
   */
  lease?: 'file' | 'on-use' | undefined
  /**
   * The largest number of servers of each name. Further files wait. Default: the number of workers. Spares (isolation
   * `'process'`) do not count: with them there are up to twice as many processes.
   */
  maxServers?: number | undefined
  /**
   * The path of a page about the run: what each server did, when and for how long, with the log and the changes of each
   * test. `.html`: the page, and beside it the same data as `.json`. `.json`: the data only. Default:
   * TARANTOOL_FIXTURE_REPORT, else no report.
   *
   * @example './tarantool-report.html'
   */
  report?: string | undefined
  /**
   * Counts the lines of the application's Lua that the tests run, over all servers and workers, and reports them at the
   * end of the run. Default: none, and TARANTOOL_FIXTURE_COVERAGE=1 counts all Lua of the project.
   *
   * @example { include: ['app/**'] }
   */
  coverage?: CoverageOptions | undefined
}
