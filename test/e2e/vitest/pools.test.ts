import { describe, expect, test } from 'vitest'
import { countStarts, holdings, holdingTest, mostAtOnce, recordedServer, sharings } from '../support/leases.ts'
import { Project } from '../support/project.ts'
import { vitests } from '../support/runners.ts'

interface Suite {
  /** Test files. */
  readonly files: number
  /** How many of them must run at the same time. */
  readonly together: number
  readonly test?: Readonly<Record<string, unknown>>
  readonly fixture?: string
}

function files({ files, together, test = {}, fixture }: Suite): Record<string, string> {
  const names = Array.from({ length: files }, (_, index) => `test/file-${index}.test.ts`)
  const { maxWorkers = 2 } = test
  // As many at least as at most: without isolation, Vitest 3 gives files to workers that it is about to end.
  const config = { globalSetup: './tarantool.ts', ...test, maxWorkers, minWorkers: maxWorkers }
  return {
    'vitest.config.ts': `export default { test: ${JSON.stringify(config)} }`,
    'tarantool.ts': `
      import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool(${recordedServer(fixture)})`,
    ...Object.fromEntries(names.map(name => [name, holdingTest({ together })])),
  }
}

// The vm pools isolate always. Isolated forks, the default, are those of the suites below.
const pools = [
  { pool: 'forks', isolate: false },
  { pool: 'threads', isolate: true },
  { pool: 'threads', isolate: false },
  { pool: 'vmForks', isolate: true },
  { pool: 'vmThreads', isolate: true },
]

const suites: Record<string, Suite & { servers: number }> = {
  'one file on two workers': { files: 1, together: 1, servers: 1 },
  'eight files on two workers': { files: 8, together: 2, servers: 2 },
  'two files on eight workers': { files: 2, together: 2, servers: 2, test: { maxWorkers: 8 } },
  // As bugs of Vitest's do now and then, on 3.2 between pools, on 4.1 between groups.
  'workers that all say they are the first': {
    files: 4,
    together: 2,
    servers: 2,
    test: { env: { VITEST_POOL_ID: '1' } },
  },
  'no parallel files': { files: 3, together: 1, servers: 1, test: { fileParallelism: false } },
  'more workers than maxServers': { files: 5, together: 1, servers: 1, fixture: 'maxServers: 1' },
  'more workers than maxServers, without isolation': {
    files: 5,
    together: 2,
    servers: 2,
    fixture: 'maxServers: 2',
    test: { maxWorkers: 3, isolate: false },
  },
  'more workers than maxServers, in contexts that outlive their files': {
    files: 5,
    together: 2,
    servers: 2,
    fixture: 'maxServers: 2',
    test: { maxWorkers: 3, pool: 'vmThreads' },
  },
}

// What Vitest 3 has, and later versions do not look at.
const poolOptions = [{ forks: { minForks: 1, maxForks: 1 } }, { forks: { singleFork: true } }]

async function runSuite(runner: (typeof vitests)[number], suite: Suite): Promise<Project> {
  const project = new Project(runner, files(suite))
  const { exitCode, output } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(holdings(project)).toHaveLength(suite.files)
  expect(sharings(project)).toEqual([])
  expect(mostAtOnce(project)).toBe(suite.together)
  expect(project.servers()).toEqual([])
  return project
}

describe.each(vitests)('$name', runner => {
  test.each(pools)('pool $pool, isolate $isolate: a server for each worker', async ({ pool, isolate }) => {
    const project = await runSuite(runner, { files: 4, together: 2, test: { pool, isolate } })
    expect(countStarts(project)).toBe(2)
  })

  test.each(Object.entries(suites))('%s', async (_, suite) => {
    const project = await runSuite(runner, suite)
    expect(countStarts(project)).toBe(suite.servers)
  })

  test.runIf(runner.name === 'vitest-3.2').each(poolOptions)(
    'poolOptions %j (Vitest 3 only: later versions have none)',
    async options => {
      const project = await runSuite(runner, { files: 2, together: 1, test: { poolOptions: options } })
      expect(countStarts(project)).toBe(1)
    },
  )
})
