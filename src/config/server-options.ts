import type { Isolation } from './isolation.ts'
import type { InstanceOptions } from './options.ts'

/** One server of a fixture: an instance, and how tests share it. */
export interface ServerOptions extends InstanceOptions {
  /** Default `'reset'`. */
  isolation?: Isolation | undefined
  /**
   * Compares all data after each test that is undone (isolation `'reset'`) with what the test began with, and fails a test
   * that left a difference. Costs a reading of all data for each test. Default false.
   */
  strict?: boolean | undefined
}

/** What `defineTarantool` and the plugin take. Next to `servers`, the options of a server are defaults for all of them. */
export interface FixtureConfig extends ServerOptions {
  /** Several servers, by name. Default: one, named `default`. */
  servers?: { readonly [name: string]: ServerOptions } | undefined
  /**
   * When a test file gets its servers: `'file'`, before it is imported; `'on-use'`, with the first hook after
   * `useTarantool()`, for projects in which few files need one. Default `'file'`.
   */
  lease?: 'file' | 'on-use' | undefined
  /**
   * How many servers of each name run at most; further files wait. Default: as many as there are workers. Spares (isolation
   * `'process'`) do not count: with them there are up to twice as many processes.
   */
  maxServers?: number | undefined
}
