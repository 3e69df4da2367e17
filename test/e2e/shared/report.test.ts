import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ReportData, ReportedTest } from '../../../src/report/data.ts'
import { runUnder } from '../support/as-jest.ts'
import type { Project } from '../support/project.ts'
import { isJest, oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const head = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { describe, expect, test, vi } from 'vitest'
const tarantool = useTarantool()
`

const files = {
  'app.lua': "box.schema.space.create('users'):create_index('pk')",
  'first.test.ts': `${head}
test('adds </script> a user', async () => {
  await tarantool.eval("box.space.users:insert({ 1, '</script>' }) require('log').warn('a line </script>')")
})
describe('a suite', () => {
  test('fails', async () => {
    await tarantool.eval("box.space.users:insert({ 2 })")
    throw new Error('of the test')
  })
  test.skip('is skipped', () => {})
})
test('restarts', async () => { await tarantool.restart() })
`,
  'second.test.ts': `${head}
vi.retryTimes?.(1)
let attempts = 0
test('passes at the second attempt', { retry: 1 }, async () => {
  if (attempts++ === 0) throw new Error('of the first attempt')
})
test('loses its server', async () => {
  process.kill(tarantool.pid, 'SIGKILL')
  await tarantool.eval('return 1')
})
test('finds another one', async () => { await tarantool.eval('return 1') })
`,
}

const dataIn = (project: Project, path: string): ReportData => JSON.parse(project.read(path)) as ReportData

const byName = ({ results }: ReportData): Record<string, ReportedTest> =>
  Object.fromEntries(results.map(each => [each.name, each]))

const setUp = (report: string): Record<string, string> =>
  setUpWith(
    `{ appLua: './app.lua', seedLua: "box.space.users:insert({ 9 })", report: '${report}' }`,
    'maxWorkers: 1, fileParallelism: false',
  )

describe.each(oneOfEach)('$name', runner => {
  test('a report has what happened, as a page and as data', async () => {
    const { project, exitCode } = await runUnder(runner, { ...files, ...setUp('out/of/report.html') })
    expect(exitCode).toBe(1)
    expect(project.read('out/of/report.html')).toContain('"adds \\u003c/script> a user"')
    const data = dataIn(project, 'out/of/report.json')
    expect(data).toMatchObject({ version: 1, tests: { passed: 4, failed: 2, skipped: 1 } })
    expect(data.servers).toEqual([{ name: 'default 1', version: expect.any(String) }])
    expect(data.files.map(file => file.replace(/\..*/, '')).sort()).toEqual(['first', 'second'])

    const results = byName(data)
    const added = results['adds </script> a user']
    expect(added).toMatchObject({ outcome: 'passed', took: expect.any(Number) })
    expect(added?.parts).toMatchObject([{ log: [expect.stringContaining('a line </script>')] }])
    expect(added?.parts[0]?.changes).toEqual(['users: 1 inserted', '  + users [1, "</script>"]'])
    expect(results['a suite > fails']).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('of the test'),
    })
    expect(results['a suite > is skipped']?.outcome).toBe('skipped')
    expect(results['loses its server']).toMatchObject({ outcome: 'failed' })
    const attempts = data.results.filter(({ name }) => name === 'passes at the second attempt')
    expect(attempts).toMatchObject([
      { outcome: 'failed', isRetried: true },
      { outcome: 'passed', attempt: 1 },
    ])

    const kinds = new Set(data.events.map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual(['death', 'lease', 'replacement', 'reset', 'start'])
    expect(data.events.filter(({ kind }) => kind === 'lease').map(event => 'file' in event)).toEqual([true, true])
    expect(data.cost.resets.count).toBeGreaterThan(3)
    expect(data.cost.seeds.count).toBeGreaterThan(0)
    // The restart, and the next test's new process. Under Jest, the death comes twice: retryTimes is for the whole file.
    expect(data.cost).toMatchObject({
      replacements: { count: 2 },
      waits: { count: 2 },
      crashes: isJest(runner) ? 2 : 1,
    })
    expect(project.leftBehind()).toEqual([])
  })

  test('a test counts once with several servers, and an error without a message is reported', async () => {
    const { exitCode, output, project } = await runUnder(runner, {
      'both.test.ts': `
import { useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, describe, test } from 'vitest'
const users = useTarantool('users')
const queue = useTarantool('queue')
test('uses one', async () => { await users.eval('return 1') })
test('uses both', async () => { await users.eval('return 1'); await queue.eval('return 1') })
test('throws no error', async () => {
  await users.eval("require('log').warn('a line')")
  throw { code: 1 }
})
test.skip('is skipped', () => {})
test('alike', async () => { await users.eval('return 1') })
test.skip('alike', () => {})
describe('a suite', () => {
  beforeAll(() => { throw new Error('of the hook') })
  test('never begins', () => {})
})`,
      ...setUpWith("{ servers: { users: {}, queue: {} }, lease: 'on-use', report: 'out/report.html' }"),
    })
    expect(exitCode).toBe(1)
    const data = dataIn(project, 'out/report.json')
    const names = ['uses one', 'uses both', 'throws no error', 'is skipped', 'alike', 'alike', 'a suite > never begins']
    expect(data.results.map(({ name }) => name).sort()).toEqual(names.sort())
    const results = byName(data)
    expect(results['throws no error']?.outcome).toBe('failed')
    expect(JSON.stringify(results['throws no error'])).toContain('a line')
    expect(results['is skipped']?.parts).toHaveLength(2)
    expect(output.match(/tarantool-fixture: report: out\/report\.html/g)).toHaveLength(1)
  })

  test('without a report, nothing is collected', async () => {
    const { project } = await runUnder(runner, {
      'seen.test.ts': `${head}
test('is not reported', () => {
  expect(tarantool.name).toBe('default')
})`,
      ...setUpWith(),
    })
    expect(readdirSync(project.directory).filter(name => name.includes('tarantool'))).toHaveLength(1)
  })

  test('a path that cannot be written is told at the start and at the end, and the results are not lost', async () => {
    const run = { env: { TARANTOOL_FIXTURE_REPORT: 'there/report.html' } }
    const passing = `${head}\ntest('passes', async () => { await tarantool.eval('return 1') })`
    const { exitCode, output, project } = await runUnder(
      runner,
      { 'passing.test.ts': passing, 'there/report.html/file': '', ...setUpWith() },
      run,
    )
    expect(exitCode, output).toBe(0)
    const path = join(project.directory, 'there/report.html')
    expect(output).toContain(`the report cannot be written; the tests run all the same: ${path}: it is a directory`)
    expect(output).toContain(`the report was not written: ${path}: `)
  })
})
