import { execFileSync } from 'node:child_process'
import type { TestContext } from 'vitest'
import { isAtLeast, parseVersion, type Version } from '../../src/version/version.ts'

/** The Tarantool version that these tests run against. */
const serverVersion: Version = parseVersion(
  /^Tarantool .*/m.exec(
    execFileSync(process.env.TARANTOOL_BIN ?? 'tarantool', ['--version'], { encoding: 'utf8' }),
  )?.[0] ?? '',
)

/** The first version that has each feature. */
const since = {
  SQL: [2, 1, 1],
  'triggers of a shutdown': [2, 1, 2],
  '\\set output lua': [2, 2, 1],
  decimals: [2, 2, 1],
  'functional indexes': [2, 2, 1],
  'box.info.listen': [2, 4, 1],
  popen: [2, 4, 1],
  uuids: [2, 4, 1],
  'log.cfg': [2, 5, 1],
  'synchronous spaces': [2, 5, 1],
  'backtraces of fibers': [2, 6, 0],
  'the MVCC engine': [2, 6, 1],
  elections: [2, 6, 1],
  'a stack of errors': [2, 4, 1],
  'box.ctl.promote': [2, 6, 3],
  'box.ctl.demote': [2, 10, 0],
  'a time limit of a shutdown': [2, 8, 1],
  datetimes: [2, 10, 0],
  intervals: [2, 10, 0],
  'several addresses to listen on': [2, 10, 0],
  'foreign keys of spaces': [2, 10, 0],
  watchers: [2, 10, 0],
  'fiber slices': [2, 11, 0],
  'named triggers': [3, 0, 0],
  'a shutdown that waits for fibers': [3, 0, 0],
  'a config file': [3, 0, 0],
  'a refusal to start from data of 2.6': [3, 0, 0],
  'functions of the schema as triggers': [3, 1, 0],
} as const

/** A feature that older versions of Tarantool do not have. */
export type Feature = keyof typeof since

/** Whether the Tarantool of this run has the feature. */
export function has(feature: Feature): boolean {
  const [major, minor, patch] = since[feature]
  return isAtLeast(serverVersion, major, minor, patch)
}

/** The reason for a skip: for a test's name, or for `context.skip`. */
const needs = (feature: Feature): string => `needs ${feature}: Tarantool ${since[feature].join('.')} or later`

/** Skips the test if its Tarantool does not have the feature. */
export function skipWithout(feature: Feature, { skip }: Pick<TestContext, 'skip'>): void {
  skip(!has(feature), needs(feature))
}
