import { describe, expect, test } from 'vitest'
import { appOfMembers, filesOfThree } from '../../support/clusters.ts'
import { has } from '../../support/features.ts'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { oneOfEach } from '../support/runners.ts'

const ways = ['process', 'restart'] as const

type Way = (typeof ways)[number]

const head = (server: string, isolation: string, way: Way): string => `
import { useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, describe, expect, test } from 'vitest'
const tarantool = useTarantool('${server}', { isolation: '${isolation}' })
const server = async () => ${server === 'app' ? "await tarantool.leader('s')" : 'tarantool'}
const find = async (...ids) => expect(await (await server()).eval('return box.space.users:pairs():map(function(row) return row[1] end):totable()')).toEqual([ids])
const add = async id => await (await server()).call('add_user', id, 'ann')
const kill = async () => await (await server()).kill()
const inOwnProcesses = (name, last = async () => {}) => describe(name, () => {
  useTarantool('${server}', { isolation: '${way}' })
  for (const turn of ['once', 'again']) {
    test(name + ' ' + turn, async () => {
      await find()
      await add(8)
      await last()
    })
  }
})
`

/** Tests of a file that build on each other, with a suite in their midst whose tests have processes of their own. */
const files: Readonly<Record<string, (server: string, way: Way) => string>> = {
  'tests of a file': (server, way) => `${head(server, 'file', way)}
    test('adds', async () => add(1))
    test('finds it', async () => find(1))
    inOwnProcesses('own')
    test('needs the row', async () => find(1))
    describe('undone', () => {
      useTarantool('${server}', { isolation: 'reset' })
      test('needs the row, too', async () => find(1))
    })`,
  'a hook of a file': (server, way) => `${head(server, 'file', way)}
    beforeAll(() => add(1))
    test('finds it', async () => find(1))
    inOwnProcesses('own', kill)
    test('needs the row', async () => find(1))
    test('needs the row, too', async () => find(1))`,
  'tests that only read': (server, way) => `${head(server, 'file', way)}
    test('finds nothing', async () => find())
    inOwnProcesses('own', kill)
    test('finds nothing of the suite, and adds', async () => { await find(); await add(1) })
    test('goes on', async () => find(1))
    test('and on', async () => { await find(1); await add(2) })`,
  'a suite of tests that share': (server, way) => `${head(server, 'reset', way)}
    test('finds nothing', async () => { await find(); await add(1) })
    describe('a suite', () => {
      useTarantool('${server}', { isolation: 'file' })
      test('adds', async () => { await find(); await add(2) })
      test('finds it', async () => find(2))
      inOwnProcesses('own')
      test('needs the row', async () => find(2))
    })
    describe('another suite', () => {
      useTarantool('${server}', { isolation: 'file' })
      test('finds nothing of the first', async () => find())
    })
    test('finds nothing of the suites', async () => find())`,
}

const setUp = (lease: string): Record<string, string> => ({
  'vitest.config.ts': `export default { test: { globalSetup: './tarantool.ts', maxWorkers: 1, minWorkers: 1 } }`,
  'tarantool.ts': `
    import { defineTarantool } from 'tarantool-fixture/vitest/setup'
    const servers = {
      single: { appLua: './app.lua' },
      set: { replicas: 2, appLua: './app.lua' },
      ${has('a config file') ? "app: { app: './my-app', connect: 'r-001', ready: 'return not add_user or box.space.users ~= nil' }," : ''}
    }
    export default defineTarantool({ maxServers: 1, lease: '${lease}', servers })`,
  'app.lua': appOfMembers,
  ...Object.fromEntries(Object.entries(filesOfThree).map(([name, text]) => [`my-app/${name}`, text])),
})

const servers = ['single', 'set', ...(has('a config file') ? ['app'] : [])]

const cases = servers.flatMap(server => ways.flatMap(way => Object.keys(files).map(file => ({ server, way, file }))))

/** The outcome of a test that needs a row, which the processes of a cluster have taken with them. */
const lost = (way: Way): RegExp =>
  new RegExp(
    `ResetError: .* had to be replaced \\(a test had isolation '${way}'\\): .* of earlier tests with isolation 'file' are lost.*\nMove the tests`,
  )

describe.each(oneOfEach)('$name', runner => {
  test.each(['file', 'on-use'])("tests with processes of their own amid tests with 'file', lease '%s'", async lease => {
    const tests = cases.map(({ server, way, file }) => [
      `${server}-${way}-${file.replaceAll(' ', '-')}.test.ts`,
      files[file]?.(server, way).replaceAll(
        /(?<!\w)(test|describe|inOwnProcesses)\('/g,
        `$1('${server}, ${way}, ${file}: `,
      ),
    ])
    const { output, project } = await runUnder(runner, { ...setUp(lease), ...Object.fromEntries(tests) })
    const found = Object.entries(outcomes(project))
    expect(found.length, output).toBe(servers.length * ways.length * (6 + 5 + 6 + 8))
    for (const [name, outcome] of found) {
      const way = ways.find(each => name.includes(`, ${each}, `)) ?? 'process'
      const isLost = !name.startsWith('single') && name.includes('needs the row')
      expect(outcome, name).toMatch(isLost ? lost(way) : /^passed$/)
    }
    expect(project.leftBehind()).toEqual([])
  })
})
