import { describe, expect, test } from 'vitest'
import { countStarts, holdings, holdingTest, recordedServer, sharings } from '../support/leases.ts'
import { Project } from '../support/project.ts'
import { vitests } from '../support/runners.ts'

const setup = {
  'vitest.config.ts': `export default { test: { globalSetup: './tarantool.ts', maxWorkers: 2, minWorkers: 2 } }`,
  'tarantool.ts': `
    import { defineTarantool } from 'tarantool-fixture/vitest/setup'
    export default defineTarantool(${recordedServer()})`,
}

const topLevelTest = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { describe, inject, test } from 'vitest'
const tarantool = useTarantool()
const { host, port } = inject('tarantool')
const client = { host: tarantool.host.toUpperCase(), port: tarantool.port.toFixed(), uri: tarantool.uri.length, host2: host.length, port2: port.toFixed() }
describe('users', () => {
  const own = useTarantool({ config: {} })
  test('are added', async () => {
    await tarantool.eval('return 1')
    await own.eval('return 1')
  })
})
test.runIf(tarantool.version.isAtLeast(1, 10))('needs 1.10', () => {})`

describe.each(vitests)('$name', runner => {
  test('two runs in one directory at the same time', async () => {
    const project = new Project(runner, { ...setup, 'one.test.ts': holdingTest({ together: 2 }) })
    const results = await Promise.all([project.run(), project.run()])
    for (const { exitCode, output } of results) expect(exitCode, output).toBe(0)
    expect(holdings(project)).toHaveLength(2)
    expect(sharings(project)).toEqual([])
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })

  test('vitest list starts no server, and imports what reads an address', async () => {
    const project = new Project(runner, { ...setup, 'users.test.ts': topLevelTest })
    const { exitCode, output } = await project.run(['list'])
    expect(exitCode, output).toBe(0)
    expect(output).toContain('users.test.ts > users > are added')
    // Vitest 5 reads the text of the files only, and finds no test in this form.
    if (!runner.name.startsWith('vitest-5')) expect(output).toContain('users.test.ts > needs 1.10')
    expect(countStarts(project)).toBe(0)
    await expect.poll(() => project.leftBehind()).toEqual([])
    // The same file as a run has it.
    const { exitCode: ran, output: said } = await project.run()
    expect(ran, said).toBe(0)
    expect(countStarts(project)).toBe(2)
  })

  test.each([
    { args: ['run', 'no-such-file'], exitCode: 1, says: 'No test files found' },
    { args: ['run', 'no-such-file', '--passWithNoTests'], exitCode: 0, says: 'No test files found' },
    { args: ['run', '-t', 'no such test'], exitCode: 0, says: '1 skipped' },
  ])('vitest $args', async ({ args, exitCode, says }) => {
    const project = new Project(runner, { ...setup, 'one.test.ts': holdingTest() })
    const result = await project.run(args)
    expect(result.exitCode, result.output).toBe(exitCode)
    expect(result.output).toContain(says)
    if (args.includes('no-such-file')) expect(countStarts(project)).toBe(0)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })

  test('a pattern starts servers for its files only', async () => {
    const files = ['one', 'two', 'three'].map(name => [`${name}.test.ts`, holdingTest()])
    const project = new Project(runner, { ...setup, ...Object.fromEntries(files) })
    const { exitCode, output } = await project.run(['run', 'two'])
    expect(exitCode, output).toBe(0)
    expect(holdings(project)).toHaveLength(1)
    expect(countStarts(project)).toBe(1)
  })
})
