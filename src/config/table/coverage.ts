import * as v from 'valibot'
import type { CoverageOptions, CoverageThresholds } from '../coverage-options.ts'
import type { Table } from './option.ts'
import { text } from './types.ts'

const patterns = v.pipe(
  v.array(text, "must be a list of glob patterns, such as ['app/**']"),
  v.minLength(1, "must be a list of glob patterns, such as ['app/**']"),
)

const percent = v.pipe(
  v.number('must be a number from 0 to 100'),
  v.minValue(0, 'must be a number from 0 to 100'),
  v.maxValue(100, 'must be a number from 0 to 100'),
)

const reporters = [
  'clover',
  'cobertura',
  'html',
  'json',
  'json-summary',
  'lcov',
  'lcovonly',
  'teamcity',
  'text',
  'text-summary',
] as const

/** The options in `coverage`. */
export const coverageOptions: Table<
  CoverageOptions,
  'enabled' | 'include' | 'exclude' | 'reportsDirectory' | 'reporters'
> = {
  enabled: {
    type: v.boolean(),
    takes: 'boolean',
    default: true,
    doc: 'Counts lines. `TARANTOOL_FIXTURE_COVERAGE=0` or `=1` overrides it.',
  },
  include: {
    type: patterns,
    takes: 'string[]',
    default: ['**/*.lua'],
    doc: 'Glob patterns of the Lua files to report. Files in `node_modules` and `.rocks` never count.',
  },
  exclude: {
    type: v.array(text, 'must be a list of glob patterns'),
    takes: 'string[]',
    default: [],
    doc: 'Glob patterns of files to leave out.',
  },
  reportsDirectory: {
    type: text,
    takes: 'string',
    default: 'coverage/lua',
    doc: 'The directory of the reports.',
    path: 'directory',
  },
  reporters: {
    type: v.array(v.picklist(reporters, `must be one of ${reporters.join(', ')}`), 'must be a list of reporters'),
    takes: 'string[]',
    default: ['text', 'lcovonly', 'json-summary'],
    doc: "The reports to make: istanbul's `clover`, `cobertura`, `html`, `json`, `json-summary`, `lcov`, `lcovonly`, `teamcity`, `text`, `text-summary`.",
  },
  thresholds: {
    type: v.looseObject({}, 'must be an object, such as { lines: 80 }'),
    takes: '{ lines?, functions? }',
    otherwise: 'none',
    doc: 'The smallest shares in percent. A run below them has the exit code 1.',
  },
}

/** The options in `coverage.thresholds`. */
export const thresholdOptions: Table<CoverageThresholds> = {
  lines: { type: percent, takes: 'number', otherwise: 'none', doc: 'Lines with code, in percent.' },
  functions: { type: percent, takes: 'number', otherwise: 'none', doc: 'Functions, in percent.' },
}
