import { describe, expect, test } from 'vitest'
import { setUpJest } from '../support/jest.ts'
import { Project } from '../support/project.ts'
import { jests } from '../support/runners.ts'

const appLua = `
  box.schema.space.create('rows'):create_index('pk', { parts = { 1, 'string' } })
  function names()
    local list = {}
    for _, row in box.space.rows:pairs() do table.insert(list, row[1]) end
    return table.concat(list, ' ')
  end`

/** A file in which the tests after one do not follow it, and a hook does, which is to find nothing of that test. */
const file = (suite: string): string => `
  const { useTarantool } = require('tarantool-fixture/jest')
  const tarantool = useTarantool()
  const add = name => tarantool.eval('box.space.rows:insert({ ... })', name)
  const finds = async names => expect(await tarantool.call('names')).toEqual([names])
  describe('a suite', () => {
    beforeAll(() => add('suite'))
    ${suite}
    afterAll(() => finds('suite'))
  })
  describe('the next', () => {
    beforeAll(() => finds(''))
    test('is wanted, too', () => finds(''))
  })`

const wanted = "test('wanted', async () => { await finds('suite'); await add('test') })"
const others = "test('left out', () => add('left out')); test('and another', () => add('left out'))"

const cases: Record<string, { text: string; args?: readonly string[]; passed: number }> = {
  'the name of a test': { text: file(`${wanted}; ${others}`), args: ['-t', 'wanted'], passed: 2 },
  'test.only': {
    text: file(`${wanted.replace('test(', 'test.only(')}; ${others}`).replace("test('is", "test.only('is"),
    passed: 2,
  },
  'test.skip': { text: file(`${wanted}; ${others.replaceAll('test(', 'test.skip(')}`), passed: 2 },
  'a test that is tried again when the others are over': {
    text: file(`
      jest.retryTimes(1)
      let attempts = 0
      test('wanted', async () => { await finds('suite'); await add('test'); expect(++attempts).toBe(2) })
      ${others.replaceAll("'left out')", "'other')")}`),
    passed: 4,
  },
}

describe.each(jests)('$name', runner => {
  test.each(Object.entries(cases))(
    'a hook after a test that others do not follow: %s',
    async (_, { text, args, passed }) => {
      const project = new Project(runner, {
        ...setUpJest("{ appLua: './app.lua' }"),
        'app.lua': appLua,
        'a.test.js': text,
      })
      const { exitCode, output } = await project.run(args ?? [])
      expect(exitCode, output).toBe(0)
      expect(output).toMatch(new RegExp(`Tests: .*${passed} passed`))
    },
  )
})
