import type { Vitest } from 'vitest/node'
import type { Run } from '../broker/run.ts'

interface Reporter {
  onWatcherStart?(): Promise<void>
}

const shown = new WeakSet<Run>()

/** In watch mode, shows the servers that are held after each run, below the results. */
export function showHeldAfterRuns(vitest: Vitest, run: Run): void {
  if (!vitest.config.watch || shown.has(run)) return
  shown.add(run)
  const { reporters } = vitest as unknown as { reporters: Reporter[] }
  reporters.push({ onWatcherStart: async () => await run.showHeld() })
}
