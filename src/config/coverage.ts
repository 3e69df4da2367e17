import { resolve } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import { checkOptions } from './check.ts'
import type { CoverageOptions, CoverageReporter, CoverageThresholds } from './coverage-options.ts'
import { coverageOptions, thresholdOptions } from './table/coverage.ts'
import { entriesOf } from './table/option.ts'

/** A checked `coverage`, with its defaults and absolute paths. */
export interface ResolvedCoverage {
  /** The directory from which the patterns start, and which paths in reports are relative to. */
  readonly baseDir: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly reportsDirectory: string
  readonly reporters: readonly CoverageReporter[]
  readonly thresholds: CoverageThresholds
}

function isEnabledBy({ TARANTOOL_FIXTURE_COVERAGE: given }: NodeJS.ProcessEnv): boolean | undefined {
  if (given === undefined || given === '') return undefined
  if (given === '0' || given === '1') return given === '1'
  throw new InvalidOptionError(`TARANTOOL_FIXTURE_COVERAGE must be 0 or 1, not ${JSON.stringify(given)}`)
}

/**
 * Checks the option `coverage` and fills in its defaults.
 *
 * @returns undefined if no lines are counted
 * @throws UnknownOptionError, InvalidOptionError
 */
export function resolveCoverage(given: CoverageOptions | undefined, baseDir: string): ResolvedCoverage | undefined {
  if (given !== undefined) checkOptions('coverage', entriesOf(coverageOptions), given)
  if (given?.thresholds !== undefined)
    checkOptions('coverage.thresholds', entriesOf(thresholdOptions), given.thresholds)
  const byDefault = given !== undefined && (given.enabled ?? coverageOptions.enabled.default)
  if (!(isEnabledBy(process.env) ?? byDefault)) return undefined
  return {
    baseDir,
    include: given?.include ?? coverageOptions.include.default,
    exclude: given?.exclude ?? coverageOptions.exclude.default,
    reportsDirectory: resolve(baseDir, given?.reportsDirectory ?? coverageOptions.reportsDirectory.default),
    reporters: given?.reporters ?? coverageOptions.reporters.default,
    thresholds: given?.thresholds ?? {},
  }
}
