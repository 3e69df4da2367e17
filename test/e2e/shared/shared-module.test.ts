import { describe, expect, test } from 'vitest'
import { asJest, esModules } from '../support/as-jest.ts'
import { Project } from '../support/project.ts'
import { resettingProject } from '../support/reset.ts'
import { inTurn, jests, vitests } from '../support/runners.ts'

const servers = `servers: {
  default: {}, restarted: { isolation: 'restart' }, processed: { isolation: 'process' }, filed: { isolation: 'file' }, asked: {} }`

const app = `
  box.schema.space.create('rows'):create_index('pk')
  function count() return box.space.rows:count() end
  function add() box.space.rows:auto_increment({}) end`

/**
 * A module that several files import. The runner decides whether it is evaluated once for all files or once per file.
 */
const helper = `
  import { useTarantool } from 'tarantool-fixture/vitest'
  const reset = useTarantool()
  export const handles = {
    reset,
    restarted: useTarantool('restarted'),
    processed: useTarantool('processed'),
    filed: useTarantool('filed'),
    asked: useTarantool('asked', { isolation: 'file' }),
    own: useTarantool({ config: { appLua: ${JSON.stringify(app)} } }),
  }`

/** The number of rows that each of a file's three tests finds. Each test adds one row. */
const found = {
  reset: [0, 0, 0],
  restarted: [0, 0, 0],
  processed: [0, 0, 0],
  filed: [0, 1, 2],
  asked: [0, 1, 2],
  own: [0, 0, 0],
}

const finding = (name: string): string => `
  import { handles } from './helper.ts'
  import { expect, test } from 'vitest'
  const found = ${JSON.stringify(found)}
  for (const at of [0, 1, 2]) {
    test('${name}: ' + at, async () => {
      const counts = {}
      for (const [which, handle] of Object.entries(handles)) {
        counts[which] = (await handle.call('count'))[0]
        await handle.call('add')
        expect(handle.port).toBeGreaterThan(0)
      }
      expect(counts).toEqual(Object.fromEntries(Object.entries(found).map(([which, list]) => [which, list[at]])))
    })
  }`

const files = {
  ...resettingProject(servers),
  'app.lua': app,
  'helper.ts': helper,
  'a.test.ts': finding('a'),
  'b.test.ts': finding('b'),
  'c.test.ts': finding('c'),
}

const fixtures = {
  'fixtures.ts': `
    import { test as base } from 'tarantool-fixture/vitest'
    export const test = base.extend({ rows: async ({ tarantool }, use) => use(tarantool) })`,
  ...Object.fromEntries(
    ['a', 'b'].map(name => [
      `${name}.test.ts`,
      `
      import { test } from './fixtures.ts'
      for (const at of [0, 1, 2]) {
        test('${name}: ' + at, async ({ rows, expect }) => {
          expect(await rows.call('count')).toEqual([0])
          await rows.call('add')
        })
      }`,
    ]),
  ),
}

const pools = {
  forks: ['--pool=forks', '--no-isolate'],
  threads: ['--pool=threads', '--no-isolate'],
  vmForks: ['--pool=vmForks'],
  vmThreads: ['--pool=vmThreads'],
  'isolated forks': ['--pool=forks'],
}

describe.each(vitests)('$name', runner => {
  test.each(Object.entries(pools))('a module that files share counts for each of them, in %s', async (_, args) => {
    const { exitCode, output } = await new Project(runner, files).run(['run', ...args])
    expect(exitCode, output).toBe(0)
    expect(output).toContain('9 passed')
  })

  test.each(inTurn(runner, ['file', 'on-use']))(
    "fixtures that files share count for each of them, with lease: '%s'",
    async lease => {
      const project = new Project(runner, { ...resettingProject(`lease: '${lease}'`), 'app.lua': app, ...fixtures })
      const { exitCode, output } = await project.run(['run', '--pool=threads', '--no-isolate'])
      expect(exitCode, output).toBe(0)
      expect(output).toContain('6 passed')
    },
  )
})

describe.each(jests)('$name', runner => {
  test.each([['--runInBand'], ['--maxWorkers=2']])(
    'a module that files share counts for each of them, with %s',
    async arg => {
      const { exitCode, output } = await new Project(runner, asJest(files)).run([arg], { env: esModules })
      expect(exitCode, output).toBe(0)
      expect(output).toContain('9 passed')
    },
  )
})
