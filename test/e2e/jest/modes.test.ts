import { describe, expect, test } from 'vitest'
import { esModules } from '../support/as-jest.ts'
import { setUpJest } from '../support/jest.ts'
import { Project } from '../support/project.ts'
import { jests } from '../support/runners.ts'

const app = "box.schema.space.create('rows'):create_index('pk')"
const fixture = `{ appLua: "${app}" }`

const body = `
const atImport = process.env.TARANTOOL_PORT
const tarantool = useTarantool()
test('adds a row', async () => {
  expect(atImport).toBe(String(tarantool.port))
  await tarantool.eval('box.space.rows:insert({ 1 })')
})
test('finds none', async () => expect(await tarantool.command('box.space.rows:count()')).toEqual([0]))
test('gets our errors', async () => {
  const error = await tarantool.eval('error("on purpose")').catch(error => error)
  expect(error).toBeInstanceOf(LuaError)
  expect(error).toBeInstanceOf(Error)
  expect(error.stack).toContain(__filename)
})
test('gets values of all types', async () => {
  expect(await tarantool.eval('return 18446744073709551615ULL, require("decimal").new("1.5"), { a = { 1, 2 } }')).toEqual([
    18446744073709551615n, expect.anything(), { a: [1, 2] } ])
})
`
const required = { 'a.test.js': `const { LuaError, useTarantool } = require('tarantool-fixture/jest')\n${body}` }
const imported = `import { LuaError, useTarantool } from 'tarantool-fixture/jest'\n${body}`

interface Mode {
  readonly files: Record<string, string>
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const modes: Record<string, Mode> = {
  'plain CommonJS, in band': {
    files: { ...setUpJest(fixture), ...required },
    args: ['--runInBand', '--detectOpenHandles'],
  },
  'two workers': {
    files: { ...setUpJest(fixture, 'maxWorkers: 2'), ...required, 'b.test.js': required['a.test.js'] ?? '' },
  },
  'worker threads': {
    files: {
      ...setUpJest(fixture, 'maxWorkers: 2, workerThreads: true'),
      ...required,
      'b.test.js': required['a.test.js'] ?? '',
    },
  },
  'fake timers in all tests': {
    files: { ...setUpJest(fixture, 'fakeTimers: { enableGlobally: true }'), ...required },
  },
  'mocks of what talks to the server': {
    files: {
      ...setUpJest(`{ appLua: "${app}", credentials: 'random' }`),
      'a.test.js': `jest.mock('net'); jest.mock('crypto')\n${required['a.test.js']}`,
    },
  },
  automock: {
    files: {
      'jest.config.js': "module.exports = { preset: 'tarantool-fixture', automock: true }",
      'tarantool.config.json': JSON.stringify({ appLua: app }),
      ...required,
    },
  },
  "jsdom, with a browser's globals": {
    files: {
      ...setUpJest(fixture, "testEnvironment: 'jsdom'"),
      ...required,
    },
  },
  'without globals': {
    files: {
      ...setUpJest(fixture, 'injectGlobals: false'),
      'a.test.js': `const { expect, test } = require('@jest/globals')\n${required['a.test.js']}`,
    },
  },
  'modules that are reset': { files: { ...setUpJest(fixture, 'resetModules: true'), ...required } },
  "hooks of a user's own setup file": {
    files: {
      ...setUpJest(fixture, "setupFilesAfterEnv: ['./after-env.js']"),
      ...required,
      'after-env.js': 'beforeAll(() => {})',
    },
  },
  Babel: {
    files: {
      ...setUpJest(fixture, "transform: { '[.]js$': 'babel-jest' }"),
      '.babelrc': '{ "plugins": ["@babel/plugin-transform-modules-commonjs"] }',
      'a.test.js': imported,
    },
  },
  SWC: {
    files: {
      ...setUpJest(fixture, "transform: { '^.+[.][jt]s$': ['@swc/jest'] }"),
      'a.test.ts': imported,
    },
  },
  'ts-jest': {
    files: {
      ...setUpJest(fixture, "preset: 'ts-jest'"),
      'tsconfig.json':
        '{ "compilerOptions": { "module": "commonjs", "moduleResolution": "node16", "module": "node16", "target": "es2022", "strict": false, "isolatedModules": true, "skipLibCheck": true } }',
      'a.test.ts': `declare const test: any, expect: any, process: any, __filename: string\n${imported}`,
    },
  },
  'a setup file in TypeScript': {
    files: {
      'jest.config.js': `module.exports = {
        globalSetup: './tarantool.setup.ts', globalTeardown: 'tarantool-fixture/jest/teardown',
        transform: { '^.+[.][jt]s$': ['@swc/jest'] } }`,
      'tarantool.setup.ts': `import { defineTarantool, type FixtureConfig } from 'tarantool-fixture/jest/setup'
        const config: FixtureConfig = ${fixture}
        export default defineTarantool(config)`,
      ...required,
    },
  },
  'ES modules': {
    files: {
      'package.json': '{ "private": true, "type": "module" }',
      'jest.config.js': `export default { transform: {},
        globalSetup: './tarantool.setup.js', globalTeardown: 'tarantool-fixture/jest/teardown' }`,
      'tarantool.setup.js': `import { defineTarantool } from 'tarantool-fixture/jest/setup'
        export default defineTarantool(${fixture})`,
      'a.test.js': imported.replace('__filename', 'import.meta.url.slice(7)'),
    },
    env: esModules,
  },
}

describe.each(jests)('$name', runner => {
  test.each(Object.entries(modes))('%s', async (_, { files, args = [], env = {} }) => {
    const project = new Project(runner, files)
    const { exitCode, output } = await project.run(args, { env })
    expect(exitCode, output).toBe(0)
    expect(output).not.toMatch(/open handle|did not exit|force exited/i)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })

  test("lease: 'on-use': who uses no server starts none", async () => {
    const project = new Project(runner, {
      ...setUpJest("{ lease: 'on-use', logLevel: 5 }"),
      'a.test.js': `
        const { readdirSync } = require('node:fs')
        test('is alone', () => {
          expect(process.env.TARANTOOL_PORT).toBeUndefined()
          // The directories of the user, of the run, and of a server.
          expect(readdirSync(process.env.TMPDIR, { recursive: true }).filter(name => /tnt-.*tnt-.*tnt-/.test(name))).toEqual([])
        })`,
    })
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
    const using = new Project(runner, {
      ...setUpJest("{ lease: 'on-use' }"),
      'a.test.js': `
        const { useTarantool } = require('tarantool-fixture/jest')
        const tarantool = useTarantool()
        beforeAll(() => expect(process.env.TARANTOOL_PORT).toBe(String(tarantool.port)))
        test('has one', async () => expect(await tarantool.eval('return 1')).toEqual([1]))
        describe('one of its own', () => {
          const own = useTarantool({ config: { appLua: 'function name() return "own" end' } })
          beforeAll(async () => expect(await own.call('name')).toEqual(['own']))
          afterAll(async () => expect(await own.call('name')).toEqual(['own']))
          test('has it', async () => expect(own.port).not.toBe(tarantool.port))
        })`,
    })
    const result = await using.run()
    expect(result.exitCode, result.output).toBe(0)
  })

  test('concurrent tests share a server where changes are undone between files, and not otherwise', async () => {
    const concurrent = (isolation: string): string => `
      const { useTarantool } = require('tarantool-fixture/jest')
      const tarantool = useTarantool({ isolation: '${isolation}' })
      test('before', () => tarantool.eval('box.space.rows:insert({ 0 })'))
      test.concurrent.each([1, 2, 3])('row %i', async id => {
        await tarantool.eval('box.space.rows:insert({ ... })', id)
        expect(await tarantool.eval('return box.space.rows:get(...)', id)).toEqual([[id]])
      })
      test('after', async () => expect(await tarantool.eval('return box.space.rows:count()')).toEqual([4]))`
    const project = new Project(runner, { ...setUpJest(fixture), 'a.test.js': concurrent('file') })
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
    project.write({ 'a.test.js': concurrent('reset') })
    const refused = await project.run()
    expect(refused.exitCode).toBe(1)
    expect(refused.output).toMatch(/SetupError: concurrent tests share their file's server, whose isolation is 'reset'/)
    expect(refused.output).toMatch(/isolation: 'file'/)
  })
})
