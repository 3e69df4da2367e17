import { accessSync, constants, mkdirSync } from 'node:fs'
import { relative } from 'node:path'
import type { CoverageMapData } from 'istanbul-lib-coverage'
import type { ResolvedCoverage } from '../config/coverage.ts'
import type { CoverageReporter, CoverageThresholds } from '../config/coverage-options.ts'
import type { Complaint } from './code.ts'

const isOnStdout = (reporter: CoverageReporter): boolean => ['text', 'text-summary', 'teamcity'].includes(reporter)

function canWrite(directory: string, complain: Complaint): boolean {
  try {
    mkdirSync(directory, { recursive: true })
    accessSync(directory, constants.W_OK)
    return true
  } catch (error) {
    complain(
      `no report is in ${directory}: ${(error as Error).message}. Set coverage.reportsDirectory to a directory that can be written to.`,
    )
    return false
  }
}

/**
 * Makes the reports of a run.
 *
 * @returns false if the run is below one of its thresholds
 */
export async function writeReports(
  data: CoverageMapData,
  { baseDir, reportsDirectory, reporters, thresholds }: ResolvedCoverage,
  complain: Complaint,
): Promise<boolean> {
  // Only the end of a run needs them.
  const [{ default: coverage }, { default: library }, { default: reports }] = await Promise.all([
    import('istanbul-lib-coverage'),
    import('istanbul-lib-report'),
    import('istanbul-reports'),
  ])
  const map = coverage.createCoverageMap(data)
  const context = library.createContext({ dir: reportsDirectory, coverageMap: map })
  const writable = canWrite(reportsDirectory, complain)
  for (const reporter of reporters) {
    if (!(writable || isOnStdout(reporter))) continue
    if (reporter === 'text') console.log(`\nCoverage of Lua (${relative(baseDir, reportsDirectory) || '.'})`)
    try {
      reports.create(reporter, { projectRoot: baseDir }).execute(context)
    } catch (error) {
      complain(`the report '${reporter}' cannot be written: ${(error as Error).message}`)
    }
  }
  const summary = map.getCoverageSummary()
  const shares = { lines: summary.lines.pct, functions: summary.functions.pct }
  const below = missed(thresholds, shares)
  for (const line of below) complain(line)
  return below.length === 0
}

function missed(thresholds: CoverageThresholds, shares: { lines: number; functions: number }): string[] {
  return (['lines', 'functions'] as const).flatMap(name => {
    const least = thresholds[name]
    if (least === undefined || shares[name] >= least) return []
    return [`${shares[name]}% of the ${name} ran, and the threshold coverage.thresholds.${name} is ${least}%`]
  })
}
