import type { OpenReport } from '../broker/run-options.ts'

/** Opens the report of a run. A run without a report loads nothing of this folder. */
export const openReport: OpenReport = async (path, title) => {
  const { openReportFile } = await import('./report-file.ts')
  return await openReportFile(path, title)
}
