import { describe, expect, test } from 'vitest'
import { countStarts, holdings, holdingTest, mostAtOnce, recordedServer, sharings } from '../support/leases.ts'
import { Project } from '../support/project.ts'
import { vitests } from '../support/runners.ts'

const setup = (fixture = recordedServer()): string => `
import { defineTarantool } from 'tarantool-fixture/vitest/setup'
export default defineTarantool(${fixture})`

/** A Vitest config; `projects` are given as what stands in each of their `test`. */
function config({
  test = '',
  before = '',
  plugins = '',
  projects,
  inherit = false,
}: {
  test?: string
  before?: string
  plugins?: string
  projects: readonly string[]
  inherit?: boolean
}): string {
  const list = projects.map((own, index) => {
    const place = `name: 'p${index}', include: ['p${index}/*.test.ts']`
    return `{ ${inherit ? 'extends: true,' : ''} test: { ${place}, ${own} } }`
  })
  return `${before}\nexport default { ${plugins} test: { maxWorkers: 2, minWorkers: 2, ${test} projects: [${list}] } }`
}

const testFiles = (perProject: number, projects: number, together: number, server?: string): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: perProject * projects }, (_, index) => [
      `p${index % projects}/file-${index}.test.ts`,
      holdingTest({ together, ...(server && { server }) }),
    ]),
  )

interface Case {
  readonly files: Readonly<Record<string, string>>
  readonly count: number
  /** How many servers there may be at most. */
  readonly servers: number
  readonly together?: number
}

const cases: Record<string, Case> = {
  'each with a setup of its own': {
    files: {
      'vitest.config.ts': config({ projects: ["globalSetup: './a.ts'", "globalSetup: './b.ts'"] }),
      'a.ts': setup(),
      'b.ts': setup(recordedServer("title: 'another server'")),
      ...testFiles(2, 2, 2),
    },
    count: 4,
    // Two of each: there is no telling which project's files the workers take first.
    servers: 4,
  },
  'with one setup that both name': {
    files: {
      'vitest.config.ts': config({ projects: ["globalSetup: './tarantool.ts'", "globalSetup: './tarantool.ts'"] }),
      'tarantool.ts': setup(),
      ...testFiles(2, 2, 2),
    },
    count: 4,
    servers: 2,
  },
  'with a root setup': {
    files: {
      'vitest.config.ts': config({ test: "globalSetup: './tarantool.ts',", projects: ['', ''] }),
      'tarantool.ts': setup(),
      ...testFiles(2, 2, 2),
    },
    count: 4,
    servers: 2,
  },
  'with an inherited root setup': {
    files: {
      'vitest.config.ts': config({ test: "globalSetup: './tarantool.ts',", projects: ['', ''], inherit: true }),
      'tarantool.ts': setup(),
      ...testFiles(2, 2, 2),
    },
    count: 4,
    servers: 2,
  },
  'with the stock setup at the root, inherited': {
    files: {
      'vitest.config.ts': config({
        test: "globalSetup: 'tarantool-fixture/vitest/setup',",
        projects: ['', ''],
        inherit: true,
      }),
      'tarantool.config.ts': `export default ${recordedServer()}`,
      ...testFiles(2, 2, 2),
    },
    count: 4,
    servers: 2,
  },
  'with the plugin at the root, inherited': {
    files: {
      'vitest.config.ts': config({
        before: "import { tarantool } from 'tarantool-fixture/vitest/plugin'",
        plugins: `plugins: [tarantool(${recordedServer()})],`,
        projects: ['', ''],
        inherit: true,
      }),
      ...testFiles(2, 2, 2),
    },
    count: 4,
    servers: 2,
  },
  'in two groups, where slots can collide': {
    files: {
      'vitest.config.ts': config({
        test: "globalSetup: './tarantool.ts',",
        projects: ['sequence: { groupOrder: 1 }', 'sequence: { groupOrder: 2 }'],
      }),
      'tarantool.ts': setup(),
      ...testFiles(3, 2, 2),
    },
    count: 6,
    servers: 4,
  },
  'in different pools, where slots can collide': {
    files: {
      'vitest.config.ts': config({
        test: "globalSetup: './tarantool.ts',",
        projects: ["pool: 'forks'", "pool: 'threads'", "pool: 'vmThreads'"],
      }),
      'tarantool.ts': setup(),
      ...testFiles(2, 3, 2),
    },
    count: 6,
    servers: 6,
  },
  'with setups for servers of different names': {
    files: {
      'vitest.config.ts': config({ projects: ["globalSetup: ['./users.ts', './queue.ts']"] }),
      'users.ts': setup(`{ servers: { users: ${recordedServer()} } }`),
      'queue.ts': setup(`{ servers: { queue: ${recordedServer()} } }`),
      ...testFiles(2, 1, 2, 'queue'),
    },
    count: 2,
    servers: 4,
  },
}

describe.each(vitests)('$name', runner => {
  test.each(Object.entries(cases))('projects %s', async (_, { files, count, servers }) => {
    const project = new Project(runner, files)
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(holdings(project)).toHaveLength(count)
    expect(sharings(project)).toEqual([])
    expect(mostAtOnce(project)).toBeGreaterThanOrEqual(2)
    expect(countStarts(project)).toBeLessThanOrEqual(servers)
    expect(project.servers()).toEqual([])
  })

  test('several servers in one config', async () => {
    const project = new Project(runner, {
      'vitest.config.ts': "export default { test: { globalSetup: './tarantool.ts' } }",
      'tarantool.ts': setup(`{
        walMode: 'none',
        servers: { default: {}, 'job-queue': { appLua: 'function whoami() return "queue" end' } },
      }`),
      'servers.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { expect, inject, test } from 'vitest'
        const tarantool = useTarantool()
        const queue = useTarantool('job-queue')
        const injected = inject('tarantool')
        test('are two', async () => {
          expect(injected.port).toBe(tarantool.port)
          expect(injected.uri).toBe(tarantool.uri)
          expect(injected.servers['job-queue'].port).toBe(queue.port)
          expect(injected.servers.default.port).toBe(tarantool.port)
          expect(queue.pid).not.toBe(tarantool.pid)
          expect(process.env.TARANTOOL_PORT).toBe(String(tarantool.port))
          expect(process.env.TARANTOOL_JOB_QUEUE_PORT).toBe(String(queue.port))
          expect(await queue.call('whoami')).toEqual(['queue'])
          await expect(tarantool.call('whoami')).rejects.toThrow(/not defined/)
        })`,
    })
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
  })
})
