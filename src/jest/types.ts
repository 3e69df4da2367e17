// The public types of tarantool-fixture/jest/setup, for both of its entries.

export type { CoverageOptions, CoverageReporter, CoverageThresholds } from '../config/coverage-options.ts'
export type { Isolation } from '../config/isolation.ts'
export type { FixtureConfig, ServerOptions } from '../config/server-options.ts'

/** The part of Jest's configuration that a global setup reads. */
export interface GlobalConfig {
  /** The largest number of workers at a time. */
  readonly maxWorkers: number
  /** The directory of the whole run. */
  readonly rootDir: string
  /** The directories, or config files, of the projects. */
  readonly projects?: readonly unknown[] | undefined
  /** The file of the global teardown. */
  readonly globalTeardown?: string | null | undefined
  /** The patterns on the command line. With patterns, the run does not have all test files. */
  readonly nonFlagArgs?: readonly string[] | undefined
  /** The number of failed tests after which the run ends; 0 for no limit. */
  readonly bail?: number | undefined
  /** All tests run in the main process. */
  readonly runInBand?: boolean | undefined
  /** Jest goes on with further runs of changed files. */
  readonly watch?: boolean | undefined
  /** Jest goes on with further runs of all files. */
  readonly watchAll?: boolean | undefined
}

/** The part of a project's configuration that a global setup reads. */
export interface ProjectConfig {
  /** The project's own directory, from which relative paths in the config start. */
  readonly rootDir: string
  /** The directory of Jest's caches. The setup puts a file there for the workers. */
  readonly cacheDirectory: string
  /** The file of the setup that runs. */
  readonly globalSetup?: string | null | undefined
  /** The file of the global teardown. */
  readonly globalTeardown?: string | null | undefined
  /** The file of the test runner. */
  readonly testRunner?: string | undefined
  /** Files that run before each test file. The setup adds one. */
  readonly setupFiles: string[]
  /** Global variables of its test files. The setup reads the project's version there. */
  readonly globals?: object | undefined
  /** Files that run after `setupFiles`, when hooks can be added. The setup adds one. */
  readonly setupFilesAfterEnv: string[]
}

/** A global setup of Jest. */
export type GlobalSetup = (global: GlobalConfig, project: ProjectConfig) => Promise<void>

/** The part of a project in Jest's config that this package reads. */
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
  /** The name with the version: `tarantool 2.11`. */
  displayName: string
  globals: Record<string, unknown>
  [option: string]: unknown
}
