import { describe, expect, test } from 'vitest'
import { setUpJest } from '../support/jest.ts'
import { Project } from '../support/project.ts'
import { jests, vitests } from '../support/runners.ts'

const uses = "const { useTarantool } = require('tarantool-fixture/jest')\n"
const passing = `${uses} const tarantool = useTarantool(); test('passes', () => {})`
const stock = {
  'jest.config.js':
    "module.exports = { globalSetup: 'tarantool-fixture/jest/setup', globalTeardown: 'tarantool-fixture/jest/teardown' }",
}
const inTest = [/useTarantool\(\) was called inside a test or a hook/, /Call it at the top of the file/]

const bad: Record<string, { files: Record<string, string>; says: RegExp[] }> = {
  'an option that does not exist': {
    files: { ...setUpJest("{ walmode: 'none' }"), 'a.test.js': passing },
    says: [/unknown option 'walmode'/, /Did you mean 'walMode'\?/],
  },
  'no config file': { files: { ...stock, 'a.test.js': passing }, says: [/there is no tarantool\.config file in \S+/] },
  'a setup without its teardown': {
    files: {
      ...setUpJest(),
      'jest.config.js': "module.exports = { globalSetup: './tarantool.setup.js' }",
      'a.test.js': passing,
    },
    says: [/no globalTeardown/, /Add globalTeardown: 'tarantool-fixture\/jest\/teardown'/],
  },
  'no setup': {
    files: { 'jest.config.js': 'module.exports = {}', 'a.test.js': passing },
    says: [/this test run has no Tarantool/, /Add globalSetup: 'tarantool-fixture\/jest\/setup' and globalTeardown/],
  },
  'a project for which Jest did not run the setup that it shares': {
    files: {
      ...setUpJest(),
      'jest.config.js': `const project = name => ({ displayName: name, rootDir: './' + name, testMatch: ['**/*.test.js'],
          globalSetup: '../tarantool.setup.js', globalTeardown: 'tarantool-fixture/jest/teardown' })
        module.exports = { projects: [project('one'), project('two')], maxWorkers: 1 }`,
      'one/a.test.js': passing,
      'two/a.test.js': passing,
    },
    says: [/Add setupFiles: \['tarantool-fixture\/jest\/worker'\]/, /1 failed, 1 passed, 2 total/],
  },
  'a fixed port with more than one worker': {
    files: { ...setUpJest('{ port: 34137 }', 'maxWorkers: 2'), 'a.test.js': passing, 'b.test.js': passing },
    says: [/server 'default' has a fixed 'port', and 2 workers/, /maxServers: 1/],
  },
  'a server that does not exist': {
    files: { ...setUpJest(), 'a.test.js': `${uses} useTarantool('other'); test('x', () => {})` },
    says: [/no server is named 'other'/, /Servers: default/],
  },
  'useTarantool() inside a test': {
    files: { ...setUpJest(), 'a.test.js': `${uses} test('x', () => { useTarantool() })` },
    says: inTest,
  },
  'useTarantool() inside a beforeEach': {
    files: { ...setUpJest(), 'a.test.js': `${uses} beforeEach(() => { useTarantool() }); test('x', () => {})` },
    says: inTest,
  },
  'an option of useTarantool that does not exist': {
    files: { ...setUpJest(), 'a.test.js': `${uses} useTarantool({ isolaton: 'none' }); test('x', () => {})` },
    says: [/useTarantool: unknown option 'isolaton'/, /Did you mean 'isolation'\?/],
  },
  'an isolation that does not exist': {
    files: { ...setUpJest(), 'a.test.js': `${uses} useTarantool({ isolation: 'restrt' }); test('x', () => {})` },
    says: [/useTarantool: option 'isolation' must be 'reset', .*, not "restrt"/],
  },
  "Vitest's setup": {
    files: {
      'jest.config.js':
        "module.exports = { globalSetup: 'tarantool-fixture/vitest/setup', globalTeardown: 'tarantool-fixture/jest/teardown' }",
      'a.test.js': passing,
    },
    says: [/vitest\/setup is for Vitest, and another runner/, /preset: 'tarantool-fixture'/],
  },
  'a config that is an ES module in a package of CommonJS': {
    files: { ...stock, 'tarantool.config.js': 'export default { } export', 'a.test.js': passing },
    says: [/cannot read \S+tarantool\.config\.js/, /module\.exports = \{ … \}/],
  },
  'projects with configs of their own for the stock setup': {
    files: {
      'jest.config.js': "module.exports = { projects: ['<rootDir>/one', '<rootDir>/two'] }",
      'one/jest.config.js': "module.exports = { preset: 'tarantool-fixture' }",
      'two/jest.config.js': "module.exports = { preset: 'tarantool-fixture' }",
      'one/tarantool.config.json': '{}',
      'two/tarantool.config.json': '{}',
      'one/a.test.js': passing,
      'two/a.test.js': passing,
    },
    says: [
      /Jest runs this setup for one project.*and another project has \S+tarantool\.config\.json/,
      /defineTarantool/,
    ],
  },
  'a project that is not told which of several setups is its own': {
    files: {
      'jest.config.js': `const project = (name, setup) => ({ displayName: name, rootDir: './' + name, testMatch: ['**/*.test.js'],
          setupFiles: ['tarantool-fixture/jest/worker'],
          globalSetup: '../' + setup, globalTeardown: 'tarantool-fixture/jest/teardown' })
        module.exports = { projects: [project('a', 'first.js'), project('b', 'second.js'), project('c', 'second.js')], maxWorkers: 1 }`,
      'first.js': "module.exports = require('tarantool-fixture/jest/setup').defineTarantool({})",
      'second.js': "module.exports = require('tarantool-fixture/jest/setup').defineTarantool({})",
      'a/a.test.js': passing,
      'b/a.test.js': passing,
      'c/a.test.js': passing,
    },
    says: [/several global setups of this run have a server named 'default'/, /1 failed, 2 passed, 3 total/],
  },
  'a CommonJS test that imports an ES module': {
    files: { ...setUpJest(), 'a.test.js': "require('tarantool-fixture'); test('x', () => {})" },
    says: [/are ES modules, and this is a CommonJS module.*Import from 'tarantool-fixture\/jest'/],
  },
  "Vitest's entry in a CommonJS test": {
    files: { ...setUpJest(), 'a.test.js': "require('tarantool-fixture/vitest'); test('x', () => {})" },
    says: [/Import from 'tarantool-fixture\/jest'/],
  },
  'an own server that does not start': {
    files: {
      ...setUpJest(),
      'a.test.js': `${uses} useTarantool({ config: { appLua: 'error("broken")' } }); test('x', () => {})`,
    },
    says: [/broken \(.* did not start\) \[ERR_TARANTOOL_INIT_SCRIPT\]/],
  },
  'the test runner of old': {
    files: { ...setUpJest('{}', "testRunner: './jest-jasmine2.js'"), 'jest-jasmine2.js': '', 'a.test.js': passing },
    says: [/needs the test runner jest-circus/],
  },
}

describe.each(jests)('$name', runner => {
  test.each(Object.entries(bad))('%s', async (_, { files, says }) => {
    const project = new Project(runner, files)
    const { exitCode, output } = await project.run()
    for (const text of says) expect.soft(output).toMatch(text)
    expect(exitCode).toBe(1)
    await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
    await expect.poll(() => project.leftBehind(), { timeout: 5000 }).toEqual([])
  })

  test("a worker keeps its connection when the broker's socket is removed", async () => {
    const project = new Project(runner, {
      ...setUpJest(),
      'a.test.js': `${uses} const tarantool = useTarantool()
        test('restarts a paused server', async () => {
          process.kill(tarantool.pid, 'SIGSTOP')
          require('node:fs').rmSync(JSON.parse(process.env.TARANTOOL_FIXTURE_JEST)[process.cwd() + '/tarantool.setup.js'][0].path)
          await tarantool.restart({ recreate: true })
        })`,
    })
    // What the broker's death does to a request is shown by test/broker.
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
    await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
  })

  test('projects that share a setup, and name the worker file: each has servers', async () => {
    const project = new Project(runner, {
      ...setUpJest("{ appLua: 'function where() return 1 end' }"),
      'jest.config.js': `const project = name => ({ displayName: name, rootDir: './' + name, testMatch: ['**/*.test.js'],
          setupFiles: ['tarantool-fixture/jest/worker'],
          globalSetup: '../tarantool.setup.js', globalTeardown: 'tarantool-fixture/jest/teardown' })
        module.exports = { projects: [project('one'), project('two')], maxWorkers: 2 }`,
      ...Object.fromEntries(
        ['one', 'two'].map(name => [
          `${name}/a.test.js`,
          `${uses} const tarantool = useTarantool(); test('passes', async () => expect(await tarantool.call('where')).toEqual([1]))`,
        ]),
      ),
    })
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
  })

  test('projects with setups of their own: servers of one name do not meet', async () => {
    const project = new Project(runner, {
      'jest.config.js': `const project = name => ({ displayName: name, rootDir: './' + name, testMatch: ['**/*.test.js'],
          globalSetup: './setup.js', globalTeardown: 'tarantool-fixture/jest/teardown' })
        module.exports = { projects: [project('one'), project('two')], maxWorkers: 1 }`,
      ...Object.fromEntries(
        ['one', 'two'].flatMap(name => [
          [
            `${name}/setup.js`,
            `module.exports = require('tarantool-fixture/jest/setup').defineTarantool({ appLua: 'function name() return "${name}" end' })`,
          ],
          [
            `${name}/a.test.js`,
            `${uses} const tarantool = useTarantool(); test('passes', async () => expect(await tarantool.call('name')).toEqual(['${name}']))`,
          ],
        ]),
      ),
    })
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(project.servers()).toEqual([])
  })
})

describe.each(vitests.filter(({ name }) => name === 'vitest-4.1'))('$name', runner => {
  test("Jest's entry", async () => {
    const project = new Project(runner, {
      'vitest.config.ts': 'export default {}',
      'a.test.ts': "import { useTarantool } from 'tarantool-fixture/jest'; useTarantool()",
    })
    const { exitCode, output } = await project.run()
    expect(output).toMatch(/tarantool-fixture\/jest is for tests that Jest runs, and this is Vitest/)
    expect(output).toMatch(/Import from 'tarantool-fixture\/vitest'/)
    expect(exitCode).toBe(1)
  })
})
