// The public types of tarantool-fixture/jest/setup, for both of its entries.
export type { Isolation } from '../config/isolation.ts'
export type { FixtureConfig, ServerOptions } from '../config/server-options.ts'

/** What a global setup gets of Jest's configuration, as far as it is looked at here. */
export interface GlobalConfig {
  /** As many workers as may run at a time. */
  readonly maxWorkers: number
  /** The directory of the whole run. */
  readonly rootDir: string
  /** The directories, or config files, of the projects. */
  readonly projects?: readonly unknown[] | undefined
  /** The file that is to end what the setup starts. */
  readonly globalTeardown?: string | null | undefined
  /** What was named on the command line: the run has not all test files. */
  readonly nonFlagArgs?: readonly string[] | undefined
  /** The number of failed tests after which the run ends; 0 for no limit. */
  readonly bail?: number | undefined
  /** All tests run in the main process. */
  readonly runInBand?: boolean | undefined
}

/** The same of a project's. */
export interface ProjectConfig {
  /** The project's own directory: relative paths in the config are relative to it. */
  readonly rootDir: string
  /** The directory of Jest's caches: the setup puts a file there for the workers. */
  readonly cacheDirectory: string
  /** The file of the setup that runs. */
  readonly globalSetup?: string | null | undefined
  /** The file that is to end what the setup starts. */
  readonly globalTeardown?: string | null | undefined
  /** The file of the test runner. */
  readonly testRunner?: string | undefined
  /** Files that run before each test file; the setup adds one. */
  readonly setupFiles: string[]
  /** Global variables of its test files: the setup looks for the project's version there. */
  readonly globals?: object | undefined
  /** Files that run after those, with hooks at hand; the setup adds one. */
  readonly setupFilesAfterEnv: string[]
}

/** A global setup of Jest's. */
export type GlobalSetup = (global: GlobalConfig, project: ProjectConfig) => Promise<void>

/** What a project of a Jest config holds, as far as it is looked at here. */
export interface JestProject {
  readonly displayName?: string | { readonly name: string; readonly color: string } | undefined
  readonly preset?: string | null | undefined
  readonly globalSetup?: string | null | undefined
  readonly globalTeardown?: string | null | undefined
  readonly setupFiles?: readonly string[] | undefined
  readonly globals?: object | undefined
  readonly [option: string]: unknown
}

/** A project of a Jest config, for one version of Tarantool. */
export interface VersionedProject {
  /** With the version in it: `tarantool 2.11`. */
  displayName: string
  globals: Record<string, unknown>
  [option: string]: unknown
}
