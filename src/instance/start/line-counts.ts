import { join } from 'node:path'

/**
 * Names the directory in which servers count the lines that run. The main process of a run sets the variable, and its
 * workers inherit it. Servers do not.
 */
export const lineCountsVariable = 'TARANTOOL_FIXTURE_LINE_COUNTS'

/** The directory for the counts of lines. Undefined if no lines are counted. */
export function lineCountsDirectory(): string | undefined {
  const directory = process.env[lineCountsVariable]
  return directory === '' ? undefined : directory
}

/**
 * The file for the counts of one process of a server: fixtures/coverage/count-lines.lua.
 *
 * @param process a name that no other process has
 */
export function lineCountsFile(process: string): string | undefined {
  const directory = lineCountsDirectory()
  return directory && join(directory, `${process}.counts`)
}
