import { describe, expect, test } from 'vitest'
import { fakeVersions } from '../../support/fake-versions.ts'
import { esModules } from '../support/as-jest.ts'
import { Project, type RunResult } from '../support/project.ts'
import { inTurn, jests } from '../support/runners.ts'

// The programs that say so are scripts that run the Tarantool of this machine: which program a project gets is what is
// tested here, and a second real Tarantool would show no more of that.
const said = ['2.11.8-0-g1234567', '3.8.0-0-g1234567']

const fixture = `{ appLua: "function said() return os.getenv('SAID_VERSION') end" }`

const configWith = (project = ''): string => `
const { tarantoolVersions } = require('tarantool-fixture/jest/setup')
module.exports = { maxWorkers: 2, projects: tarantoolVersions(['2.11', '3']${project && `, ${project}`}) }`

const usesIts = `
const { useTarantool } = require('tarantool-fixture/jest')
const tarantool = useTarantool()
test('has the server of its project', async () => {
  const [version] = await tarantool.call('said')
  process.stdout.write('PROJECT ' + process.env.TARANTOOL_FIXTURE_VERSION + ' RAN ' + version + '\\n')
  expect(version.startsWith(process.env.TARANTOOL_FIXTURE_VERSION)).toBe(true)
})`

const pairs = (output: string): string[] => [...new Set(output.match(/PROJECT \S+ RAN \S+/g))].sort()
const both = ['PROJECT 2.11 RAN 2.11.8-0-g1234567', 'PROJECT 3 RAN 3.8.0-0-g1234567']

interface Way {
  readonly files: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

const stock = { 'tarantool.config.js': `module.exports = ${fixture}`, 'one.test.js': usesIts, 'two.test.js': usesIts }
const ownSetup = {
  'jest.config.js': configWith("{ globalSetup: './setup.js' }"),
  'setup.js': `module.exports = require('tarantool-fixture/jest/setup').defineTarantool(${fixture})`,
}

const ways: Record<string, Way> = {
  'the stock setup': { files: { 'jest.config.js': configWith() } },
  'the stock setup, in band': { files: { 'jest.config.js': configWith() }, args: ['--runInBand'] },
  'a setup file': { files: ownSetup },
  'a setup file that is an ES module': {
    files: {
      'package.json': JSON.stringify({ private: true, type: 'module' }),
      'jest.config.js': `
        import { tarantoolVersions } from 'tarantool-fixture/jest/setup'
        export default { projects: tarantoolVersions(['2.11', '3'], { globalSetup: './setup.js', transform: {} }) }`,
      'setup.js': `
        import { defineTarantool } from 'tarantool-fixture/jest/setup'
        export default defineTarantool(${fixture})`,
      'tarantool.config.js': '',
      ...Object.fromEntries(
        ['one.test.js', 'two.test.js'].map(name => [
          name,
          usesIts.replace(/const (\{.*\}) = require\((.*)\)/, 'import $1 from $2'),
        ]),
      ),
    },
  },
}

describe.each(jests)('one suite against several versions under $name', runner => {
  async function run(files: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<RunResult> {
    const project = new Project(runner, { ...stock, ...files })
    const env = { ...esModules, ...fakeVersions(project.directory, said) }
    const result = await project.run(args, { env })
    expect(project.leftBehind()).toEqual([])
    return result
  }

  test.each(Object.entries(ways))('with %s', async (_way, { files, args }) => {
    const { exitCode, output } = await run(files, args)
    expect(output).toMatch(/Tests: +4 passed/)
    expect(pairs(output)).toEqual(both)
    expect(exitCode).toBe(0)
  })

  test('one of the projects can be chosen', async () => {
    const { output } = await run({ 'jest.config.js': configWith() }, ['--selectProjects', 'tarantool 3'])
    expect(output).toMatch(/Tests: +2 passed/)
    expect(pairs(output)).toEqual([both[1]])
  })

  test('a failure tells the version, by the name of the project and that of the server', async () => {
    const { exitCode, output } = await run({
      'jest.config.js': configWith(),
      'tarantool.config.js': `module.exports = { appLua: "if os.getenv('SAID_VERSION'):match('^2') then error('too old') end" }`,
      'one.test.js': "const tarantool = require('tarantool-fixture/jest').useTarantool()\ntest('runs', () => {})",
      'two.test.js': "test('needs none', () => {})",
    })
    expect(exitCode).toBe(1)
    expect(output).toMatch(/FAIL +tarantool 2\.11 /)
    expect(output).toMatch(/PASS +tarantool 3 /)
    expect(output).toMatch(/too old \(Tarantool 2\.11\[127\.0\.0\.1:\d+\] did not start\)/)
  })

  test('a version that is not there fails its project only', async () => {
    const { exitCode, output } = await run({
      'jest.config.js': configWith().replace("'2.11'", "'2.10'"),
    })
    expect(exitCode).toBe(1)
    expect(output).toContain('No Tarantool 2.10 was found')
    expect(output).toMatch(/Tests: +2 failed, 2 passed|Tests: +2 passed/)
    expect(pairs(output)).toEqual([both[1]])
  })

  test.each([
    ['in workers', []],
    ['in band', ['--runInBand']],
  ])('of two versions, a run %s says the one that is not from PATH, once', async (_way, args) => {
    const project = new Project(runner, { ...stock, 'jest.config.js': configWith() })
    const env = fakeVersions(project.directory, said)
    const named = { ...env, TARANTOOL_BIN: `${project.directory}/bin/${said[1]}/tarantool` }
    const { output } = await project.run(args, { env: named })
    expect(pairs(output)).toEqual(both)
    expect(output.match(/^tarantool-fixture: .*$/gm)).toEqual([
      `tarantool-fixture: Tarantool 3.8.0-0-g1234567 from TARANTOOL_BIN: ${project.directory}/bin/${said[1]}/tarantool`,
    ])
  })

  test('the versions share the workers: no more servers are started ahead than for one version', async () => {
    const appLua = `local file = io.open('$DIRECTORY/started', 'a') file:write(os.getenv('SAID_VERSION'), '\\\\n') file:close()`
    const waits = `
      const { readFileSync } = require('node:fs')
      const started = () => readFileSync(__dirname + '/started', 'utf8').trim().split('\\n').sort()
      test('waits for the servers', async () => {
        while (started().length < 4) await new Promise(resolve => setTimeout(resolve, 20))
      }, 20_000)`
    const project = new Project(runner, {
      'jest.config.js': configWith().replace('maxWorkers: 2', 'maxWorkers: 4'),
      'tarantool.config.js': `module.exports = { appLua: "${appLua}".replace('$DIRECTORY', __dirname) }`,
      'one.test.js': waits,
    })
    const { output } = await project.run([], { env: fakeVersions(project.directory, said) })
    expect(output).toMatch(/Tests: +2 passed/)
    expect(project.read('started').trim().split('\n').sort()).toEqual([said[0], said[0], said[1], said[1]])
  })

  test.each(inTurn(runner, ['port', 'consolePort']))(
    'a fixed %s is refused, because each version has servers',
    async option => {
      const { exitCode, output } = await run({
        'jest.config.js': configWith(),
        'tarantool.config.js': `module.exports = { ${option}: 3301, maxServers: 1 }`,
      })
      expect(exitCode).not.toBe(0)
      expect(output).toMatch(
        new RegExp(
          `server 'default' has a fixed '${option}', and tarantoolVersions starts a server of each version \\(2\\.11, 3\\)`,
        ),
      )
      expect(output).not.toContain('address in use')
    },
  )

  test('a config that names another version is refused', async () => {
    const { exitCode, output } = await run({
      'jest.config.js': configWith(),
      'tarantool.config.js': "module.exports = { version: '3' }",
    })
    expect(exitCode).not.toBe(0)
    expect(output).toMatch(/this run is for Tarantool 2\.11, but its config asks for version '3'/)
  })
})
