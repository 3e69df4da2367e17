import type { FixtureConfig } from '../config/server-options.ts'
import type { RecordEvent } from './run-events.ts'
import type { Workers } from './workers.ts'

/** The origin of the runs of a setup. */
export interface RunSource {
  /** Identifies the setup. It has to be a text, because a runner may load a setup anew for each project. */
  readonly identity: string
  readonly baseDir: string
  /** The config. It is read again when a rerun begins. */
  readonly load: () => Promise<FixtureConfig>
  /** The file that contains the config. */
  readonly configFile?: string | undefined
}

/** The reports of a run to its runner. */
export interface RunObserver {
  /** Called if a test file gets no server, with the number of such files in this run. */
  refused(files: number): void
  ended(): void
}

/** The report of a run. Nothing of it throws: the results of the tests are what counts. */
export interface RunReport {
  readonly record: RecordEvent
  /** The same servers serve another run of tests. Its report begins anew. */
  beginRun(): void
  write(): Promise<void>
  /** Writes the report for the last time. */
  end(): Promise<void>
}

/**
 * Opens a report.
 *
 * @param title tells the run from others with the same report
 */
export type OpenReport = (path: string, title: string | undefined) => Promise<RunReport>

export interface RunOptions {
  /** The run's version of Tarantool. Default: the version in the config. */
  readonly version?: string | undefined
  /** Reports every failure in full to every test file, because the runner may show only one of those files. */
  readonly tellsInFull?: boolean | undefined
  /** The runner goes on with further runs, so the end of a run does not wait for a person. Default false. */
  readonly watches?: boolean | undefined
  /** Called when the run is made. */
  readonly observe?: (() => RunObserver) | undefined
  /** Opens the report that the config asks for. Default: there is no report. */
  readonly openReport?: OpenReport | undefined
}

/** The connection of a run with the other runs of the same runner. */
export interface Registration {
  /** The versions of all runs that have this config and that exist so far. */
  versions(): readonly string[]
  ended(): void
}

export interface JoinOptions {
  /** The workers of each project that joins. A project that joins twice counts once. */
  readonly workers: ReadonlyMap<object, Workers>
  /** True if there is anything to run, at least now. */
  readonly start: boolean
  /** The number of versions in the runner's whole run. */
  readonly versions: number
}
