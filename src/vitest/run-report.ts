import type { Vitest } from 'vitest/node'
import type { Run } from '../broker/run.ts'

const followed = new WeakSet<Run>()

/** Writes the reports of a run each time that its tests have ended. Only in watch mode: otherwise the servers end, too. */
export function writeAfterRuns(vitest: Vitest, run: Run): void {
  if (!vitest.config.watch || followed.has(run)) return
  followed.add(run)
  const { reporters } = vitest as unknown as { reporters: object[] }
  reporters.push({ onTestRunEnd: async () => await run.writeReports() })
}
