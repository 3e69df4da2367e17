import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { resettingProject } from '../support/reset.ts'
import { inTurn, jests, vitests } from '../support/runners.ts'

const head = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rowsOf } from './rows.ts'
const tarantool = useTarantool()
const rows = rowsOf(tarantool)`

/** A describe whose tests ask for an isolation of their own, each adding a row. */
const asking = (isolation: string, tests = 2): string => `
describe('with ${isolation}', () => {
  useTarantool({ isolation: '${isolation}' })
  for (let index = 1; index <= ${tests}; index++) test('${isolation} ' + index, () => rows.add('${isolation} ' + index))
})`

const isolations = ['none', 'file', 'restart', 'process'] as const

const afterEach = (isolation: string): Record<string, string> => ({
  'a.test.ts': `${head}
    ${asking(isolation)}
    test('finds nothing of the describe', () => rows.expect(''))
    describe('a suite', () => {
      beforeAll(() => rows.add('suite'))
      describe('with hooks', () => {
        useTarantool({ isolation: '${isolation}' })
        beforeAll(() => rows.add('hook'))
        test('adds', () => rows.add('test'))
      })
    })
    describe('the next suite', () => {
      beforeAll(() => rows.expect(''))
      test('finds nothing of the last', () => rows.expect(''))
    })`,
  'b.test.ts': `${head}
    test('finds nothing of the file before', () => rows.expect(''))`,
})

/** Parts of a file whose `beforeAll` adds the row `file`. */
const blocksBeside = (isolation: string): string[] => [
  `test('finds what the hook did', async () => {
    await rows.expect('file')
    await rows.add('test')
  })
  test('finds it again', () => rows.expect('file'))`,
  `describe('with ${isolation}', () => {
    useTarantool({ isolation: '${isolation}' })
    for (const name of ['one', 'two']) {
      test(name, async () => {
        await rows.expect('')
        await rows.add(name)
        await tarantool.reset()
        await rows.expect('')
      })
    }
    afterAll(() => rows.expect('file'))
  })`,
  `describe('a suite with hooks', () => {
    beforeAll(async () => {
      await rows.expect('file')
      await rows.add('suite')
    })
    describe('with ${isolation} in it', () => {
      useTarantool({ isolation: '${isolation}' })
      beforeAll(() => rows.add('inner'))
      test('has a process of its own', () => rows.expect(''))
      describe('deeper', () => {
        beforeAll(() => rows.add('deepest'))
        test('too', () => rows.expect(''))
      })
      afterAll(() => rows.expect('file inner suite'))
    })
    test('finds what both hooks did', () => rows.expect('file suite'))
  })`,
]

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map(rest => [item, ...rest]))
}

const passing: Record<string, Record<string, string>> = {
  ...Object.fromEntries(isolations.map(isolation => [`after a describe with '${isolation}'`, afterEach(isolation)])),
  'one after the other, in several files': {
    'a.test.ts': `${head}${asking('restart')}
      describe('with a hook', () => {
        beforeAll(() => rows.add('hook'))
        test('finds what it did', () => rows.expect('hook'))
      })
      test('a first end', () => rows.expect(''))`,
    'b.test.ts': `${head}${asking('process')}
      test('a second end', () => rows.expect(''))`,
    'c.test.ts': `${head}${asking('none', 1)}
      test('a third end', () => rows.expect(''))`,
    'd.test.ts': `${head}${asking('file')}${asking('restart')}${asking('process')}${asking('none')}
      describe('with a hook, again', () => {
        beforeAll(() => rows.add('hook'))
        test('finds what it did, again', () => rows.expect('hook'))
      })
      test('a last end', () => rows.expect(''))`,
  },
  "what a describe's hook did is there for the tests that share": {
    'a.test.ts': `${head}
      describe('sharing', () => {
        useTarantool({ isolation: 'file' })
        beforeAll(() => rows.add('hook'))
        test('first', async () => { await rows.expect('hook'); await rows.add('test') })
        test('second', () => rows.expect('hook test'))
        afterAll(() => rows.expect('hook test'))
      })
      test('at last', () => rows.expect(''))`,
  },
}

describe.each([...vitests, ...jests])('$name', runner => {
  test.each(inTurn(runner, Object.entries(passing)))("tests with 'reset' beside others: %s", async (_, files) => {
    const { exitCode, output } = await runUnder(runner, { ...resettingProject(), ...files })
    expect(exitCode, output).toBe(0)
  })

  test.each(inTurn(runner, ['restart', 'process']))(
    "tests with '%s' in a file with hooks, in any order",
    async isolation => {
      const files = permutations(blocksBeside(isolation)).map((blocks, at): [string, string] => [
        `order-${at}.test.ts`,
        `${head}
      const { port } = tarantool
      beforeAll(() => rows.add('file'))
      afterAll(async () => {
        await rows.expect('file')
        expect(tarantool.port).toBe(port)
      })
      ${blocks.join('\n')}`,
      ])
      const { exitCode, output } = await runUnder(runner, { ...resettingProject(), ...Object.fromEntries(files) })
      expect(exitCode, output).toBe(0)
    },
  )
})
