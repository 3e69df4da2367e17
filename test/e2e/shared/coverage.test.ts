import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { projectUnder, runTests } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { jests, oneOfEach, vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const application = {
  'app/init.lua': `local rules = require('app.rules')
function grade(points)
    if points > 50 then
        return rules.name('good')
    end
    return rules.name('poor')
end
function unused()
    return 'never'
end
`,
  'app/rules.lua': `local rules = {}
function rules.name(word)
    return 'a ' .. word .. ' one'
end
return rules
`,
  'app/never.lua': `local never = {}
function never.called()
    return 1
end
return never
`,
  'app/README.md': 'no Lua\n',
}

const grades = (points: number, title: string, options = ''): string => `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool(${options})
test('${title}', async () => {
  expect(await tarantool.call('grade', ${points})).toHaveLength(1)
})`

const config = (coverage: string, rest = ''): string =>
  `{ appLua: './app/init.lua', appDir: '.', coverage: ${coverage}, ${rest} }`

// Each has the line that it was defined on, and how often it was called; then each line with code, and how often it ran.
const lcov = `TN:
SF:app/init.lua
FN:2,grade
FN:8,unused
FNF:2
FNH:1
FNDA:2,grade
FNDA:0,unused
DA:1,1
DA:2,1
DA:3,2
DA:4,1
DA:6,1
DA:8,1
DA:9,0
LF:7
LH:6
BRF:0
BRH:0
end_of_record
TN:
SF:app/never.lua
FN:2,never.called
FNF:1
FNH:0
FNDA:0,never.called
DA:1,0
DA:2,0
DA:3,0
DA:5,0
LF:4
LH:0
BRF:0
BRH:0
end_of_record
TN:
SF:app/rules.lua
FN:2,rules.name
FNF:1
FNH:1
FNDA:2,rules.name
DA:1,1
DA:2,1
DA:3,2
DA:5,1
LF:4
LH:4
BRF:0
BRH:0
end_of_record
`

describe.each([...vitests, ...jests])('$name', runner => {
  test('counts the lines of Lua over all files and servers, and reports them beside the runner’s', async () => {
    const include = "{ include: ['app/**'], thresholds: { lines: 60 } }"
    const project = projectUnder(runner, {
      ...setUpWith(config(include, 'maxServers: 1'), 'fileParallelism: false'),
      ...application,
      'a.test.ts': grades(10, 'poor'),
      'b.test.ts': grades(90, 'good'),
    })
    const { exitCode, output } = await runTests(runner, project)
    expect(outcomes(project), output).toEqual({ poor: 'passed', good: 'passed' })
    expect(project.read('coverage/lua/lcov.info')).toBe(lcov)
    expect(output).toMatch(/init\.lua +\| +85\.71 \| +100 \| +50 \| +85\.71 \| 9 +\n/)
    expect(JSON.parse(project.read('coverage/lua/coverage-summary.json'))).toMatchObject({
      total: { lines: { total: 15, covered: 10, pct: 66.66 }, functions: { total: 4, covered: 2 } },
    })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('a run below a threshold fails, and says so; its results are those of the tests', async () => {
    const coverage =
      "{ include: ['app/**'], exclude: ['app/never.lua'], thresholds: { lines: 95 }, reporters: ['json-summary'] }"
    const project = projectUnder(runner, {
      ...setUpWith(config(coverage)),
      ...application,
      'a.test.ts': grades(10, 'poor', "{ isolation: 'process' }"),
    })
    const { exitCode, output } = await runTests(runner, project, { jestArgs: ['--forceExit'] })
    expect(outcomes(project), output).toEqual({ poor: 'passed' })
    expect(output).toContain('81.81% of the lines ran, and the threshold coverage.thresholds.lines is 95%')
    expect(output).not.toContain('init.lua')
    expect(exitCode, output).toBe(1)
  })
})

// Nothing in these depends on the version of a runner.
describe.each(oneOfEach)('$name', runner => {
  test('TARANTOOL_FIXTURE_COVERAGE turns it on and off; a report that cannot be written is told', async () => {
    const files = { ...application, 'a.test.ts': grades(10, 'poor') }
    const off = projectUnder(runner, { ...setUpWith(config("{ include: ['app/**'] }")), ...files })
    const without = await runTests(runner, off, { env: { TARANTOOL_FIXTURE_COVERAGE: '0' } })
    expect(without.exitCode, without.output).toBe(0)
    expect(existsSync(join(off.directory, 'coverage'))).toBe(false)

    const on = projectUnder(runner, { ...setUpWith(config('undefined')), ...files })
    writeFileSync(join(on.directory, 'coverage'), 'a file in the way')
    const { exitCode, output } = await runTests(runner, on, { env: { TARANTOOL_FIXTURE_COVERAGE: '1' } })
    expect(output).toContain(`no report is in ${join(on.directory, 'coverage/lua')}: `)
    expect(output).toMatch(/never\.lua +\| +0 /)
    expect(outcomes(on), output).toEqual({ poor: 'passed' })
    expect(exitCode, output).toBe(0)
  })

  test('an include that matches nothing is named', async () => {
    const project = projectUnder(runner, {
      ...setUpWith(config("{ include: ['nowhere/**'] }")),
      ...application,
      'a.test.ts': grades(10, 'poor'),
    })
    const { exitCode, output } = await runTests(runner, project)
    expect(output).toContain(`coverage.include matches no Lua file in ${project.directory}: nowhere/**`)
    expect(exitCode, output).toBe(0)
  })
})
