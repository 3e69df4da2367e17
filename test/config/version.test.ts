import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { resolveFixture } from '../../src/config/fixture-config.ts'
import { overDefaults } from '../../src/config/layers.ts'
import type { InstanceOptions } from '../../src/config/options.ts'
import { resolveOptions } from '../../src/config/resolve.ts'
import type { FixtureConfig, ServerOptions } from '../../src/config/server-options.ts'
import { InvalidOptionError } from '../../src/errors.ts'
import { tarantoolVersions as jestProjects } from '../../src/jest/versions.ts'
import { tarantoolVersions as vitestProjects } from '../../src/vitest/versions.ts'

const errorOf = (action: () => unknown): InvalidOptionError => {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError)
    return error as InvalidOptionError
  }
  return expect.fail('it was accepted')
}

const malformed: [unknown, RegExp][] = [
  ['', /is "", which is not a version of Tarantool/],
  ['three', /is "three", which is not a version of Tarantool.*\n.*'3\.5'/],
  ['3.x', /is "3\.x".*\n.*Did you mean '3'\?/],
  ['^3.8.0', /is "\^3\.8\.0".*\n.*Did you mean '3\.8\.0'\?/],
  ['v3', /is "v3".*\n.*Did you mean '3'\?/],
  ['3.8.0.1', /is "3\.8\.0\.1"/],
  ['03', /is "03"/],
  [' 3', /is " 3"/],
  ['latest ', /is "latest "/],
  ['1.9', /is '1\.9', but Tarantool 1\.10 or later is needed/],
  ['0', /1\.10 or later/],
  [3, /option 'version' must be a text such as '3', '2\.11', '3\.8\.0' or 'latest', not 3/],
  [2.11, /must be a text such as .*, not 2\.11/],
  [true, /must be a text/],
  [null, /must be a text/],
  [['3'], /must be a text/],
]

describe('a version that is refused', () => {
  test.each(malformed)('%j', (version, says) => {
    const options = { version } as InstanceOptions
    const own = errorOf(() => resolveOptions(options)).message
    expect(own).toMatch(says)
    expect(own).toMatch(/^TarantoolInstance: option /)
    expect(errorOf(() => resolveFixture(options as FixtureConfig, '/')).message).toMatch(says)
    const named = errorOf(() => resolveFixture({ servers: { queue: options as ServerOptions } }, '/')).message
    expect(named).toMatch(says)
    expect(named).toMatch(/^tarantool: server 'queue': option /)
  })

  test('quiet of another type', () => {
    expect(errorOf(() => resolveOptions({ quiet: 'yes' } as never)).message).toMatch(/'quiet' must be .*boolean/i)
  })
})

test.each(['3', '3.5', '3.8.0', '2.11', '1.10', '1', 'latest'])('%s is a version', version => {
  expect(resolveOptions({ version }).version).toBe(version)
})

describe('with docker', () => {
  const imageOf = (options: InstanceOptions): string | undefined => resolveOptions(options).docker?.image

  test.each<[InstanceOptions, string]>([
    [{ version: '3', docker: {} }, 'tarantool/tarantool:3'],
    [{ version: 'latest', docker: {} }, 'tarantool/tarantool:latest'],
    [{ version: '2.11', docker: { image: 'registry:5000/tnt' } }, 'registry:5000/tnt:2.11'],
    [{ version: '3', docker: { tag: '3.8.0' } }, 'tarantool/tarantool:3.8.0'],
    [{ version: '3.8', docker: { tag: '3.8-ubuntu22.04' } }, 'tarantool/tarantool:3.8-ubuntu22.04'],
    [{ version: '2.11', docker: { image: 'tnt:2.11.5' } }, 'tnt:2.11.5'],
    [{ docker: {} }, 'tarantool/tarantool:3.8'],
  ])('%j runs %s', (options, image) => {
    expect(imageOf(options)).toBe(image)
  })

  test.each<[InstanceOptions, RegExp]>([
    [{ version: '3', docker: { tag: '2.11' } }, /'version' is '3', but 'docker\.tag' is '2\.11'/],
    [{ version: '3.8.0', docker: { tag: '3.8' } }, /'version' is '3\.8\.0', but 'docker\.tag' is '3\.8'/],
    [{ version: '3', docker: { tag: '30' } }, /but 'docker\.tag' is '30'/],
    [{ version: '3', docker: { image: 'tnt:2.11' } }, /'version' is '3', but 'docker\.image' is 'tnt:2\.11'/],
    [{ version: '3', docker: { image: 'tnt@sha256:33' } }, /but 'docker\.image' is 'tnt@sha256:33'/],
  ])('%j is refused', (options, says) => {
    expect(errorOf(() => resolveOptions(options)).message).toMatch(says)
  })

  test('TARANTOOL_FIXTURE_VERSION is the tag where the config names none', () => {
    vi.stubEnv('TARANTOOL_FIXTURE_VERSION', '2.11')
    try {
      expect(imageOf({ docker: {} })).toBe('tarantool/tarantool:2.11')
      expect(imageOf({ version: '3', docker: {} })).toBe('tarantool/tarantool:3')
      expect(imageOf({ docker: { tag: '3.8' } })).toBe('tarantool/tarantool:3.8')
      expect(imageOf({ docker: { image: 'tnt:1' } })).toBe('tnt:1')
      vi.stubEnv('TARANTOOL_FIXTURE_VERSION', 'x')
      expect(errorOf(() => imageOf({ docker: {} })).message).toMatch(/^TARANTOOL_FIXTURE_VERSION is "x"/)
    } finally {
      vi.unstubAllEnvs()
    }
  })
})

test.each<[InstanceOptions, string | undefined]>([
  [{}, '2.11'],
  [{ version: '3' }, '3'],
  [{ docker: {} }, '2.11'],
  [{ docker: { image: 'tnt' } }, '2.11'],
  [{ docker: {}, version: '3' }, '3'],
  [{ docker: { tag: '3.8' } }, undefined],
  [{ docker: { image: 'tnt:3.8' } }, undefined],
  [{ docker: { image: 'tnt@sha256:33' } }, undefined],
  [{ commandToRun: 'tarantool' }, undefined],
])('with TARANTOOL_FIXTURE_VERSION=2.11, the name of a server of %j says %s', (options, says) => {
  vi.stubEnv('TARANTOOL_FIXTURE_VERSION', '2.11')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  expect(resolveOptions(options).versionInName).toBe(says)
})

describe('the layers of a config', () => {
  const docker = { tag: '3.8', user: '1' }

  test.each<[string, ServerOptions, ServerOptions, ServerOptions]>([
    ['a default version holds', { version: '3' }, { title: 'a' }, { version: '3', title: 'a' }],
    ['a version goes before it', { version: '3' }, { version: '2.11' }, { version: '2.11' }],
    ['a program goes before a default version', { version: '3' }, { commandToRun: 'a' }, { commandToRun: 'a' }],
    ['a tag does', { version: '3' }, { docker }, { docker }],
    ['an image without a tag does not', { version: '3' }, { docker: {} }, { version: '3', docker: {} }],
    ['a version goes before a program', { commandToRun: 'a', commandArgs: ['b'] }, { version: '3' }, { version: '3' }],
    ['and before a tag', { docker }, { version: '3' }, { version: '3', docker: { user: '1' } }],
    [
      'both of one layer stay, for the check',
      {},
      { version: '3', commandToRun: 'a' },
      { version: '3', commandToRun: 'a' },
    ],
  ])('%s', (_what, defaults, own, merged) => {
    expect(overDefaults(defaults, own)).toEqual(merged)
  })
})

describe('a run for one version', () => {
  const versionsOf = (config: FixtureConfig, version: string): Record<string, string | undefined> =>
    Object.fromEntries(
      [...resolveFixture(config, '/', version).servers].map(([name, server]) => [name, server.version]),
    )

  test('is of that version, but for servers that have their own', () => {
    expect(versionsOf({}, '2.11')).toEqual({ default: '2.11' })
    expect(versionsOf({ servers: { a: {}, b: { version: '1.10' }, c: { commandToRun: 'x' } } }, '2.11')).toEqual({
      a: '2.11',
      b: '1.10',
      c: undefined,
    })
  })

  test('has its version compared with the only program that there is', () => {
    expect(versionsOf({ commandToRun: 'x' }, '2.11')).toEqual({ default: '2.11' })
  })

  test('is refused where the config asks for another', () => {
    expect(errorOf(() => resolveFixture({ version: '3' }, '/', '2.11')).message).toMatch(
      /for Tarantool 2\.11, but its config asks for version '3'.*\nLeave out 'version'/,
    )
  })
})

describe.each([
  ['Vitest', vitestProjects],
  ['Jest', jestProjects],
])('projects of versions for %s', (_runner, make) => {
  test.each<[unknown, RegExp]>([
    [[], /a list of at least one version/],
    ['3', /a list of at least one version/],
    [undefined, /a list of at least one version/],
    [['3', '3.x'], /option version is "3\.x"/],
    [['3', 2.11], /must be a text such as '2\.11', not 2\.11/],
    [['3', '2.11', '3'], /version '3' is in the list twice/],
  ])('%j is refused', (versions, says) => {
    const { message } = errorOf(() => make(versions as string[]))
    expect(message).toMatch(/^tarantoolVersions: /)
    expect(message).toMatch(says)
  })
})

test('a project of Vitest has its version, its name and what is given', () => {
  const test = { name: 'unit', include: ['a.test.ts'], env: { A: 'b' } }
  expect(vitestProjects(['2.11', '3'], { test })).toEqual([
    {
      extends: true,
      test: { ...test, name: 'unit (tarantool 2.11)', env: { A: 'b', TARANTOOL_FIXTURE_VERSION: '2.11' } },
    },
    { extends: true, test: { ...test, name: 'unit (tarantool 3)', env: { A: 'b', TARANTOOL_FIXTURE_VERSION: '3' } } },
  ])
  expect(vitestProjects(['3'])[0]?.test.name).toBe('tarantool 3')
})

test('a project of Jest has its version, its name and what is given, and takes part in the fixture', () => {
  const globals = { 'tarantool-fixture': { version: '3', versions: ['3'] } }
  expect(jestProjects(['3'])).toEqual([{ preset: 'tarantool-fixture', displayName: 'tarantool 3', globals }])
  expect(jestProjects(['3'], { displayName: { name: 'api', color: 'red' }, globals: { a: 1 } })).toEqual([
    { preset: 'tarantool-fixture', displayName: 'api (tarantool 3)', globals: { a: 1, ...globals } },
  ])
  expect(jestProjects(['3'], { preset: 'ts-jest', globalSetup: './a.ts', setupFiles: ['./b.ts'] })).toEqual([
    {
      preset: 'ts-jest',
      globalSetup: './a.ts',
      globalTeardown: 'tarantool-fixture/jest/teardown',
      setupFiles: ['tarantool-fixture/jest/worker', './b.ts'],
      displayName: 'tarantool 3',
      globals,
    },
  ])
})
