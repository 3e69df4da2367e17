import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { setUpJest } from '../support/jest.ts'
import { countStarts, recordedServer } from '../support/leases.ts'
import { Project } from '../support/project.ts'
import { jests } from '../support/runners.ts'

describe.each(jests)('$name', runner => {
  test("a run whose tests use no server starts none, with lease: 'on-use'", async () => {
    const files = { 'a.test.js': "test('uses none', () => {})" }
    const onUse = new Project(runner, { ...setUpJest(recordedServer("lease: 'on-use'")), ...files })
    expect((await onUse.run()).exitCode).toBe(0)
    expect(countStarts(onUse)).toBe(0)
    const always = new Project(runner, { ...setUpJest(recordedServer()), ...files })
    await always.run()
    expect(countStarts(always)).toBeGreaterThan(0)
  })

  test('nothing is written into the project', async () => {
    const project = new Project(runner, {
      ...setUpJest(),
      'a.test.js': `
        const tarantool = require('tarantool-fixture/jest').useTarantool()
        test('passes', async () => { expect(await tarantool.eval('return 1')).toEqual([1]) })`,
    })
    const list = (): string[] =>
      readdirSync(project.directory, { recursive: true, encoding: 'utf8' })
        .filter(name => !name.startsWith('tmp'))
        .sort()
    const before = list()
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(list()).toEqual(before)
  })
})
