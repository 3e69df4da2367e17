import { describe, expect, test } from 'vitest'
import { Project } from '../support/project.ts'
import { outcomes, withJsonReport } from '../support/report.ts'
import { resettingProject } from '../support/reset.ts'
import { vitests } from '../support/runners.ts'

const around = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, aroundAll, aroundEach, beforeAll, beforeEach, describe, test } from 'vitest'
import { rowsOf } from './rows.ts'
const rows = rowsOf(useTarantool())
aroundAll(async runSuite => {
  await rows.add('around-file')
  await runSuite()
  await rows.expect('around-file file')
})
beforeAll(() => rows.add('file'))
aroundEach(async runTest => {
  await rows.add('around')
  await runTest()
  await rows.add('around-after')
})
test('first', async () => {
  await rows.expect('around around-file file')
  await rows.add('first')
})
describe('a suite', () => {
  aroundAll(async runSuite => {
    await rows.expect('around-file file')
    await rows.add('around-suite')
    await runSuite()
    await rows.expect('around-file around-suite file suite')
    await rows.add('around-suite-after')
  })
  beforeAll(() => rows.add('suite'))
  afterAll(() => rows.expect('around-file around-suite file suite'))
  for (const name of ['second', 'third']) {
    test(name, async () => {
      await rows.expect('around around-file around-suite file suite')
      await rows.add(name)
    })
  }
})
describe('another suite', () => {
  aroundAll(() => { throw new Error('on purpose') })
  test('is not run', () => {})
})
test('last', () => rows.expect('around around-file file'))`

// Vitest 3 has no such hooks.
describe.each(vitests.filter(({ name }) => name !== 'vitest-3.2'))('$name', runner => {
  test('hooks around suites and tests', async () => {
    const project = new Project(runner, { ...resettingProject(), 'a.test.ts': around })
    const { output } = await project.run(['run', ...withJsonReport])
    expect(outcomes(project), output).toEqual({
      first: 'passed',
      second: 'passed',
      third: 'passed',
      'is not run': 'skipped',
      last: 'passed',
    })
    expect(output.match(/Error: /g), output).toHaveLength(1)
  })
})

describe.each(vitests)('$name', runner => {
  test('a run that is called off leaves nothing to the next file', async () => {
    const failing = `
      import { useTarantool } from 'tarantool-fixture/vitest'
      import { afterAll, beforeAll, describe, test } from 'vitest'
      import { rowsOf } from './rows.ts'
      const rows = rowsOf(useTarantool())
      await rows.expect('')
      describe('a suite', () => {
        beforeAll(() => rows.add('suite'))
        test('fails', async () => {
          await rows.add('fails')
          throw new Error('on purpose')
        })
        test('is not run', () => {})
      })`
    const project = new Project(runner, { ...resettingProject(), 'a.test.ts': failing, 'b.test.ts': failing })
    const { exitCode, output } = await project.run(['run', '--bail=2'])
    expect(output.match(/AssertionError/g)).toBeNull()
    expect(output).not.toMatch(/Unhandled/)
    expect(exitCode).toBe(1)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })
})
