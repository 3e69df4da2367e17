import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { inTurn, isJest, jests, vitests } from '../support/runners.ts'

const setup = (fixture: string): Record<string, string> => ({
  'vitest.config.ts':
    'export default { test: { globalSetup: "./tarantool.ts", maxWorkers: 1, minWorkers: 1, sequence: { sequencer: (await import("./by-name.ts")).default } } }',
  // The files of a test run in the order of their names.
  'by-name.ts': `
    import { BaseSequencer } from 'vitest/node'
    export default class extends BaseSequencer {
      async sort(files) { return [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1)) }
    }`,
  'app.lua': `box.schema.space.create('rows', { if_not_exists = true }):create_index('pk', { if_not_exists = true })
    function add() box.space.rows:auto_increment({}) return box.space.rows:count() end`,
  'tarantool.ts': `
    import { defineTarantool } from 'tarantool-fixture/vitest/setup'
    export default defineTarantool({ appLua: './app.lua', ${fixture} })`,
})

/** A file whose tests each add a row and say how many there are then. */
const addingTest = (counts: readonly number[], options = ''): string => `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool(${options})
const { port } = tarantool
const pids = new Set()
test.each(${JSON.stringify(counts.map((count, index) => ({ index, count })))})('test $index', async ({ count }) => {
  pids.add(tarantool.pid)
  expect(tarantool.port).toBe(port)
  expect(await tarantool.eval('return box.info.pid, tostring(box.info.listen or box.cfg.listen)')).toEqual([tarantool.pid, expect.stringContaining(String(port))])
  expect(await tarantool.call('add')).toEqual([count])
})
test('has as many servers as it should', () => { expect(pids.size).toBe(${new Set(counts).size === 1 ? counts.length : 1}) })`

const cases: Record<string, Record<string, string>> = {
  "'none' keeps what tests and files did": {
    ...setup("isolation: 'none'"),
    'a.test.ts': addingTest([1, 2, 3]),
    'b.test.ts': addingTest([4, 5]),
  },
  "'restart' gives each test a fresh server on one address": {
    ...setup("isolation: 'restart'"),
    'a.test.ts': addingTest([1, 1, 1]),
    'b.test.ts': addingTest([1, 1]),
  },
  "a use asks for 'restart'": {
    ...setup("isolation: 'none'"),
    'a.test.ts': addingTest([1, 2]),
    'b.test.ts': addingTest([1, 1], "{ isolation: 'restart' }"),
  },
  "a use asks for 'none'": {
    ...setup("isolation: 'restart'"),
    'a.test.ts': addingTest([1, 1]),
    'b.test.ts': addingTest([1, 2], "{ isolation: 'none' }"),
  },
  'a describe asks for what the file does not': {
    ...setup("servers: { default: { isolation: 'restart' }, other: { isolation: 'none' } }"),
    'a.test.ts': `
      import { useTarantool } from 'tarantool-fixture/vitest'
      import { describe, expect, test } from 'vitest'
      const tarantool = useTarantool()
      const other = useTarantool('other')
      const adds = async (server, count) => { expect(await server.call('add')).toEqual([count]) }
      test('fresh', () => adds(tarantool, 1))
      describe('kept', () => {
        useTarantool({ isolation: 'none' })
        test('first', () => adds(tarantool, 2))
        test('second', () => adds(tarantool, 3))
        describe('but not here', () => {
          useTarantool('default', { isolation: 'restart' })
          test('fresh', () => adds(tarantool, 1))
        })
        test('kept again', () => adds(tarantool, 2))
      })
      test('fresh again', () => adds(tarantool, 1))
      test('other', () => adds(other, 1))
      test('other, kept', () => adds(other, 2))`,
  },
  "'restart' with lease: 'on-use' and the package's test": {
    ...setup("isolation: 'restart', lease: 'on-use'"),
    ...Object.fromEntries(
      ['a', 'b'].map(name => [
        `${name}.test.ts`,
        `
        import { test } from 'tarantool-fixture/vitest'
        for (const name of ['first', 'second']) {
          test(name, async ({ tarantool, expect }) => { expect(await tarantool.call('add')).toEqual([1]) })
        }`,
      ]),
    ),
  },
}

describe.each([...vitests, ...jests])('$name', runner => {
  const known = Object.entries(cases).filter(([name]) => !(isJest(runner) && name.includes("the package's test")))
  test.each(inTurn(runner, known))('%s', async (_, files) => {
    const { exitCode, output } = await runUnder(runner, files)
    expect(exitCode, output).toBe(0)
  })
})
