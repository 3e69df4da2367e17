/** A form of the report, by its name in istanbul, which Vitest and Jest use, too. */
export type CoverageReporter =
  | 'clover'
  | 'cobertura'
  | 'html'
  | 'json'
  | 'json-summary'
  | 'lcov'
  | 'lcovonly'
  | 'teamcity'
  | 'text'
  | 'text-summary'

/** The smallest shares of the application's Lua that tests must run, in percent. */
export interface CoverageThresholds {
  /** Lines with code. Default: none. */
  lines?: number | undefined
  /** Functions. Default: none. */
  functions?: number | undefined
}

/** Which lines of the application's Lua a run counts, and where it reports them. */
export interface CoverageOptions {
  /** Counts lines. Default true. TARANTOOL_FIXTURE_COVERAGE=0 or =1 overrides it. */
  enabled?: boolean | undefined
  /**
   * Glob patterns of the Lua files to report, relative to the project. A file that no server loaded is reported, too.
   * Files in `node_modules` and `.rocks` never count. Default: all `.lua` files of the project.
   *
   * @example ['app/**']
   */
  include?: readonly string[] | undefined
  /** Glob patterns of files to leave out. Default: none. */
  exclude?: readonly string[] | undefined
  /** The directory of the reports. Default `'coverage/lua'`. */
  reportsDirectory?: string | undefined
  /**
   * The reports to make. `'lcovonly'` writes `lcov.info`, `'lcov'` writes HTML pages besides. Default: `'text'`, which is
   * a table on stdout, `'lcovonly'` and `'json-summary'`.
   */
  reporters?: readonly CoverageReporter[] | undefined
  /** A run below one of these shares fails: its exit code is 1. Default: none. */
  thresholds?: CoverageThresholds | undefined
}
