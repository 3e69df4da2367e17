import { describe, expect, test } from 'vitest'
import { Project, type RunResult } from '../support/project.ts'
import { vitests } from '../support/runners.ts'
import { fakeVersions } from '../support/versions.ts'

const said = ['2.11.8-0-g1234567', '3.8.0-0-g1234567']

const configWith = (test: string, more = ''): string => `
import { tarantoolVersions } from 'tarantool-fixture/vitest/setup'
${more}
export default { ${more && 'plugins: [tarantool({ appLua })],'} test: { ${test} } }`

const appLua = `"function said() return os.getenv('SAID_VERSION') end"`

const setup = `
import { defineTarantool } from 'tarantool-fixture/vitest/setup'
export default defineTarantool({ appLua: ${appLua} })`

const usesIts = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool()
test('has the server of its project', async () => {
  const [version] = await tarantool.call('said')
  console.log('PROJECT ' + process.env.TARANTOOL_FIXTURE_VERSION + ' RAN ' + version)
  expect(version.startsWith(process.env.TARANTOOL_FIXTURE_VERSION)).toBe(true)
})`

const pairs = (output: string): string[] => [...new Set(output.match(/PROJECT \S+ RAN \S+/g))].sort()
const both = ['PROJECT 2.11 RAN 2.11.8-0-g1234567', 'PROJECT 3 RAN 3.8.0-0-g1234567']

const ways: Record<string, Readonly<Record<string, string>>> = {
  'a setup file at the root': {
    'vitest.config.ts': configWith("globalSetup: './tarantool.ts', projects: tarantoolVersions(['2.11', '3'])"),
    'tarantool.ts': setup,
  },
  'a setup file of the projects': {
    'vitest.config.ts': configWith(
      "projects: tarantoolVersions(['2.11', '3'], { test: { globalSetup: './tarantool.ts' } })",
    ),
    'tarantool.ts': setup,
  },
  'the stock setup': {
    'vitest.config.ts': configWith(
      "globalSetup: 'tarantool-fixture/vitest/setup', projects: tarantoolVersions(['2.11', '3'])",
    ),
    'tarantool.config.mjs': `export default { appLua: ${appLua} }`,
  },
  'the plugin': {
    'vitest.config.ts': configWith(
      "projects: tarantoolVersions(['2.11', '3'])",
      `import { tarantool } from 'tarantool-fixture/vitest/plugin'; const appLua = ${appLua}`,
    ),
  },
}

describe.each(vitests)('one suite against several versions under $name', runner => {
  async function run(files: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<RunResult> {
    const project = new Project(runner, files)
    const result = await project.run(['run', ...args], { env: fakeVersions(project.directory, said) })
    expect(project.leftBehind()).toEqual([])
    return result
  }

  test.each(Object.entries(ways))('with %s', async (_way, files) => {
    const { exitCode, output } = await run({ ...files, 'one.test.ts': usesIts, 'two.test.ts': usesIts })
    expect(output).toMatch(/Tests +4 passed/)
    expect(pairs(output)).toEqual(both)
    expect(exitCode).toBe(0)
  })
})
