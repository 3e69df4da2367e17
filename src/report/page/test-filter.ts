import type { ReportData, ReportedTest } from '../data.ts'

type Outcome = ReportedTest['outcome']

/** The tests that the list shows, and their order. */
export interface Filter {
  readonly outcome: Outcome | undefined
  /** A part of the test's or the file's name. */
  readonly text: string
  readonly order: 'time' | 'slowest'
}

/** The name of a test's file. */
export const fileOf = ({ file }: ReportedTest, { files }: ReportData): string =>
  file === undefined ? '' : (files[file] ?? '')

/** The tests that a filter lets through, in its order. */
export function filtered(data: ReportData, { order, outcome, text }: Filter): ReportedTest[] {
  const wanted = text.trim().toLowerCase()
  const fits = (test: ReportedTest): boolean =>
    (outcome === undefined || test.outcome === outcome) &&
    (wanted === '' || `${fileOf(test, data)} ${test.name}`.toLowerCase().includes(wanted))
  const found = data.results.filter(fits)
  return order === 'slowest' ? found.sort((a, b) => b.took - a.took) : found
}
