import { realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type Counts, readCounts } from '../../src/coverage/counts.ts'
import { lineCountsVariable } from '../../src/instance/start/line-counts.ts'
import { temporaryDirectory } from '../support/instances.ts'

let directory = ''

/** Lets the servers of each test count the lines that they run. */
export function useCounting(): void {
  beforeEach(() => {
    directory = temporaryDirectory()
    process.env[lineCountsVariable] = directory
  })
  afterEach(() => {
    delete process.env[lineCountsVariable]
  })
}

/** The counts of all servers of the test. */
export const counts = (): Counts => readCounts(directory)

/** The lines of a file that ran, with their counts: `{ 1: 1, 4: 2 }`. Functions on one line have further counts. */
export function linesOf(at: string, name: string): Record<number, number> {
  const lines = counts().files.get(realpathSync(join(at, name))) ?? new Map<number, number>()
  return Object.fromEntries([...lines].sort(([one], [other]) => one - other))
}

/** The counts of some lines of a file; 0 for a line that did not run. */
export function countsOf(at: string, name: string, lines: readonly number[]): number[] {
  const counted = linesOf(at, name)
  return lines.map(line => counted[line] ?? 0)
}

/** The files below a directory that have counts. */
export const filesBelow = (at: string): string[] =>
  [...counts().files.keys()]
    .map(file => relative(realpathSync(at), file))
    .filter(file => !file.startsWith('..'))
    .sort()
