import { expect, test, vi } from 'vitest'
import { resolveFixture } from '../../src/config/fixture-config.ts'
import { InvalidOptionError, UnknownOptionError } from '../../src/errors.ts'

const resolve = (coverage: unknown): unknown => resolveFixture({ coverage } as never, '/project').coverage

test('without it, nothing is counted; with it, each option has a default', () => {
  expect(resolve(undefined)).toBeUndefined()
  expect(resolve({ enabled: false, include: ['app/**'] })).toBeUndefined()
  expect(resolve({})).toEqual({
    baseDir: '/project',
    include: ['**/*.lua'],
    exclude: [],
    reportsDirectory: '/project/coverage/lua',
    reporters: ['text', 'lcovonly', 'json-summary'],
    thresholds: {},
  })
})

test('the variable wins over the config', () => {
  vi.stubEnv('TARANTOOL_FIXTURE_COVERAGE', '1')
  expect(resolve(undefined)).toMatchObject({ include: ['**/*.lua'] })
  expect(resolve({ enabled: false, include: ['app/**'] })).toMatchObject({ include: ['app/**'] })
  vi.stubEnv('TARANTOOL_FIXTURE_COVERAGE', '0')
  expect(resolve({ include: ['app/**'] })).toBeUndefined()
  vi.stubEnv('TARANTOOL_FIXTURE_COVERAGE', 'yes')
  expect(() => resolve(undefined)).toThrow('TARANTOOL_FIXTURE_COVERAGE must be 0 or 1, not "yes"')
  vi.unstubAllEnvs()
})

test.each([
  [
    true,
    InvalidOptionError,
    "tarantool: option 'coverage' must be an object, such as { include: ['app/**'] }, not true",
  ],
  [{ includes: ['app'] }, UnknownOptionError, "coverage: unknown option 'includes'"],
  [
    { include: 'app/**' },
    InvalidOptionError,
    "coverage: option 'include' must be a list of glob patterns, such as ['app/**'], not \"app/**\"",
  ],
  [{ include: [] }, InvalidOptionError, "coverage: option 'include' must be a list of glob patterns"],
  [{ exclude: [1] }, InvalidOptionError, "coverage: option 'exclude.0' must be "],
  [{ reportsDirectory: '' }, InvalidOptionError, "coverage: option 'reportsDirectory' must not be empty"],
  [{ reporters: ['lcv'] }, InvalidOptionError, "coverage: option 'reporters.0' must be one of clover, cobertura"],
  [
    { thresholds: 80 },
    InvalidOptionError,
    "coverage: option 'thresholds' must be an object, such as { lines: 80 }, not 80",
  ],
  [{ thresholds: { line: 80 } }, UnknownOptionError, "coverage.thresholds: unknown option 'line'"],
  [
    { thresholds: { lines: 101 } },
    InvalidOptionError,
    "coverage.thresholds: option 'lines' must be a number from 0 to 100, not 101",
  ],
])('%j is refused', (coverage, type, message) => {
  expect(() => resolve(coverage)).toThrow(type)
  expect(() => resolve(coverage)).toThrow(message)
})
