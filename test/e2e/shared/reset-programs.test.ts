import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { luaLiteral } from '../../../src/protocol/lua-literal.ts'
import { operations } from '../../isolation/programs.ts'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { oneOfEach } from '../support/runners.ts'

const appLua = fileURLToPath(new URL('../../fixtures/isolation/schema.lua', import.meta.url))
const programCount = 200

/** Random programs as the tests of a file; what they leave is compared with what they found. */
const suite = (programs: readonly string[]): string => `
import { useTarantool } from 'tarantool-fixture/vitest'
import { test } from 'vitest'
const tarantool = useTarantool()
const programs = ${JSON.stringify(programs)}
test.each(programs.map((program, index) => ({ program, index })))('program $index', async ({ program }) => {
  await tarantool.command("require('property').apply(" + program + ')')
})`

describe.each(oneOfEach)('$name', runner => {
  test(`${programCount} random programs under strict: nothing is left of any`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const programs = fc.sample(operations, { numRuns: programCount, seed }).map(list => luaLiteral(list))
    const { project, output } = await runUnder(runner, {
      'vitest.config.ts': "export default { test: { globalSetup: './tarantool.ts', sequence: { shuffle: true } } }",
      'tarantool.ts': `
        import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        export default defineTarantool({ appLua: ${JSON.stringify(appLua)}, walMode: 'write', strict: true, logLevel: 2 })`,
      'programs.test.ts': suite(programs),
    })
    const failed = Object.entries(outcomes(project)).filter(([, outcome]) => outcome !== 'passed')
    expect(failed, `seed ${seed}: ${output}`).toEqual([])
    expect(Object.keys(outcomes(project))).toHaveLength(programCount)
  })
})
