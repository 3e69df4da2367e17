import { describe, expect, test } from 'vitest'
import { Project } from '../support/project.ts'
import { jests } from '../support/runners.ts'

// Of a transformer without a key of its own, Jest makes a key of the project's whole configuration.
const transformer = `
const { appendFileSync } = require('node:fs')
module.exports = {
  process(code, path) {
    appendFileSync(__dirname + '/transformed', require('node:path').relative(__dirname, path) + '\\n')
    return { code }
  },
}`

const config = `
const project = name => ({
  displayName: name,
  rootDir: './' + name,
  cacheDirectory: __dirname + '/cache',
  globalSetup: './setup.js',
  globalTeardown: 'tarantool-fixture/jest/teardown',
  testMatch: ['**/*.test.js'],
  transform: { '[.]js$': '<rootDir>/../transformer.cjs' },
})
module.exports = { projects: [project('one'), project('two')] }`

const files = {
  'jest.config.js': config,
  'transformer.cjs': transformer,
  ...Object.fromEntries(
    ['one', 'two'].flatMap(name => [
      [
        `${name}/setup.js`,
        `module.exports = require('tarantool-fixture/jest/setup').defineTarantool({ appLua: 'function name() return "${name}" end' })`,
      ],
      [
        `${name}/a.test.js`,
        `const tarantool = require('tarantool-fixture/jest').useTarantool()
        test('has its own server', async () => expect(await tarantool.call('name')).toEqual(['${name}']))`,
      ],
    ]),
  ),
}

describe.each(jests)('$name', runner => {
  test('no run transforms again what another run has transformed, whichever projects run', async () => {
    const project = new Project(runner, files)
    const transformed = (): string[] => project.read('transformed').trim().split('\n').sort()
    for (const [args, expected] of [
      [['two/'], ['two/a.test.js', 'two/setup.js']],
      [[], ['one/a.test.js', 'one/setup.js', 'two/a.test.js', 'two/setup.js']],
      [['one/'], ['one/a.test.js', 'one/setup.js', 'two/a.test.js', 'two/setup.js']],
      [['--runInBand'], ['one/a.test.js', 'one/setup.js', 'two/a.test.js', 'two/setup.js']],
    ] as const) {
      const { exitCode, output } = await project.run(args)
      expect(exitCode, output).toBe(0)
      expect(transformed()).toEqual(expected)
    }
    expect(project.leftBehind()).toEqual([])
  })
})
