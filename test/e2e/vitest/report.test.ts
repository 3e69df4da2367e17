import { describe, expect, test } from 'vitest'
import type { ReportData } from '../../../src/report/data.ts'
import { Project } from '../support/project.ts'
import { newestVitest } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'
import { WatchMode } from '../support/watch.ts'

const testNamed = (name: string): string => `
import { useTarantool } from 'tarantool-fixture/vitest'
import { test } from 'vitest'
const tarantool = useTarantool()
test('${name}', async () => { await tarantool.eval('return 1') })`

const dataIn = (project: Project): ReportData => JSON.parse(project.read('report.json')) as ReportData

describe.each(newestVitest)('$name', runner => {
  test('in watch mode, the report is written after each run, and has that run only', async () => {
    const project = new Project(runner, {
      ...setUpWith("{ report: './report.html' }"),
      'a.test.ts': testNamed('first'),
      'b.test.ts': testNamed('beside'),
    })
    const watch = new WatchMode(project)
    await watch.run()
    const names = (): string[] => dataIn(project).results.map(({ name }) => name)
    await expect.poll(() => names().sort(), { timeout: 10_000 }).toEqual(['beside', 'first'])
    project.write({ 'a.test.ts': testNamed('second') })
    await watch.run()
    await expect.poll(names, { timeout: 10_000 }).toEqual(['second'])
    watch.press('q')
    await watch.process
    expect(names()).toEqual(['second'])
  })

  test('projects with setups of their own share a report', async () => {
    const projectAt = (root: string): Record<string, string> => ({
      [`${root}/setup.ts`]: `
        import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        export default defineTarantool({})`,
      [`${root}/a.test.ts`]: testNamed(`of ${root}`),
    })
    const project = new Project(runner, {
      'vitest.config.ts': `export default { test: { projects: ['one', 'two'].map(root => (
        { root, test: { name: root, root, globalSetup: './setup.ts' } })) } }`,
      ...projectAt('one'),
      ...projectAt('two'),
    })
    const { exitCode, output } = await project.run(['run'], { env: { TARANTOOL_FIXTURE_REPORT: 'report.html' } })
    expect(exitCode, output).toBe(0)
    const { results, servers, tests } = dataIn(project)
    expect(servers).toMatchObject([
      { name: 'default 1', run: 'one' },
      { name: 'default 1', run: 'two' },
    ])
    expect(results.map(({ name }) => name).sort()).toEqual(['of one', 'of two'])
    expect(tests.passed).toBe(2)
  })
})
