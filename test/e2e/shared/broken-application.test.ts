import { describe, expect, test } from 'vitest'
import { esModules, jestJsonReport, projectUnder, runTests } from '../support/as-jest.ts'
import { withJsonReport } from '../support/report.ts'
import { inTurn, isJest, jests, vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

// Counts the starts, and fails in a nested function.
const broken = `local file = io.open('STARTS', 'a') file:write('x') file:close()
require('log').info('about to fail')
local function inner() error('boom') end
local function outer() inner() end
outer()`

const names = ['a', 'b', 'c', 'd', 'e', 'f']

const using = (use: string): Record<string, string> => {
  const text = `
    import { useTarantool } from 'tarantool-fixture/vitest'
    import { beforeAll, describe, test } from 'vitest'
    describe('a suite', () => {
      const tarantool = ${use}
      beforeAll(async () => { await tarantool.eval('return 1') })
      test('first', async () => { await tarantool.eval('return 1') })
      test('second', async () => { await tarantool.eval('return 1') })
    })`
  return Object.fromEntries(names.map(name => [`${name}.test.ts`, text]))
}

const oneWorker = 'maxWorkers: 1, fileParallelism: false'
const twoWorkers = 'maxWorkers: 2'
const oneLine = /broken\.lua:3: boom \(reported in full under .*\) \[ERR_TARANTOOL_INIT_SCRIPT\]$/gm
const inFull = new RegExp(
  [
    String.raw`broken\.lua:3: boom \(Tarantool\[\S+\] did not start\) \[ERR_TARANTOOL_INIT_SCRIPT\]`,
    String.raw`\S+broken\.lua:3: in function 'inner'`,
    String.raw`\S+broken\.lua:4: in function 'outer'`,
    String.raw`\S+broken\.lua:5: in main chunk`,
  ].join(String.raw`\s+`),
  'g',
)

describe.each([...vitests, ...jests])('$name', runner => {
  const projectWith = (config: string, use: string, workers = oneWorker): ReturnType<typeof projectUnder> => {
    const project = projectUnder(runner, { ...setUpWith(config, workers), ...using(use) })
    project.write({ 'broken.lua': broken.replace('STARTS', `${project.directory}/starts`) })
    return project
  }

  const cases = [
    ['of the run', `{ appLua: './broken.lua' }`, 'useTarantool()'],
    [`of a run that leases late`, `{ appLua: './broken.lua', lease: 'on-use' }`, 'useTarantool()'],
    ['of each file', '{}', `useTarantool({ config: { appLua: './broken.lua' } })`],
  ] as const
  test.each(inTurn(runner, cases))('an application that is broken, %s', async (_name, config, use) => {
    const project = projectWith(config, use)
    const { exitCode, output } = await runTests(runner, project)
    expect.soft(output.match(inFull), output).toHaveLength(1)
    expect.soft(output.match(oneLine), output).toHaveLength(5)
    expect.soft(output.match(/: boom/g), output).toHaveLength(6)
    // Runners show the failing Lua line.
    expect.soft(output).toMatch(isJest(runner) ? />\s+3 \| local function inner/ : /❯ broken\.lua:3:1/)
    expect.soft(output.match(/in function 'inner'/g), output).toHaveLength(1)
    expect.soft(output).toContain('about to fail')
    expect.soft(output).not.toMatch(/boot\.lua:|init\.lua|ready to accept|memtx_memory|log level/)
    expect.soft(project.read('starts')).toBe('x')
    expect(exitCode).toBe(1)
    expect(project.servers()).toEqual([])
  })

  // If two files fail at the same time, the file that the runner shows has the full report.
  test.each([
    ['of the run', `{ appLua: './broken.lua' }`, 'useTarantool()', twoWorkers],
    ['of each file', '{}', `useTarantool({ config: { appLua: './broken.lua' } })`, oneWorker],
  ])('bail, with an application that is broken, %s', async (_name, config, use, workers) => {
    const project = projectWith(config, use, workers)
    const { output } = isJest(runner)
      ? await project.run([...jestJsonReport, '--bail'], { env: esModules })
      : await project.run(['run', '--bail=1', ...withJsonReport])
    // Files that are already running may finish.
    expect(output).toMatch(
      isJest(runner) ? /Test Suites: [12] failed, [12] of 6 total/ : /Test Files +[1-5] failed .*\(6\)/,
    )
    expect(output).toMatch(/in function 'inner'/)
    await expect.poll(() => project.servers()).toEqual([])
  })
})
