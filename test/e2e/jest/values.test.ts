import { describe, expect, test } from 'vitest'
import { esModules } from '../support/as-jest.ts'
import { setUpJest } from '../support/jest.ts'
import { Project } from '../support/project.ts'
import { jests } from '../support/runners.ts'

// An ES module has another copy of these classes than what talks to the server, which is CommonJS.
const body = `
const tarantool = useTarantool()
test('values are known by the server, and those of the server by the test', async () => {
  const sent = [new Decimal('1.5'), new Uuid('c0ffee00-0000-4000-8000-000000000000')]
  const received = await tarantool.eval('local a, b = ... return require("decimal").is_decimal(a), type(b), a, b', ...sent)
  expect(received).toEqual([true, 'cdata', ...sent])
  expect(received[2]).toBeInstanceOf(Decimal)
  expect(received[3]).toBeInstanceOf(Uuid)
  expect(received[3]).not.toBeInstanceOf(Decimal)
})
test('text that is not UTF-8', async () => {
  const [type, text] = await tarantool.eval('local text = ... return type(text), text', new ByteString([0xff, 0x01]))
  expect(type).toBe('string')
  expect(text).toBeInstanceOf(ByteString)
  expect([...text]).toEqual([0xff, 0x01])
  expect(new Uint8Array(2)).not.toBeInstanceOf(ByteString)
})`

const modes: Record<string, { files: Record<string, string>; env?: Readonly<Record<string, string>> }> = {
  CommonJS: {
    files: {
      ...setUpJest(),
      'a.test.js': `
        const { useTarantool } = require('tarantool-fixture/jest')
        const { ByteString, Decimal, Uuid } = require('tarantool-fixture/values')
        ${body}`,
    },
  },
  'CommonJS, with modules that are reset': {
    files: {
      ...setUpJest('{}', 'resetModules: true'),
      'a.test.js': `
        const { useTarantool } = require('tarantool-fixture/jest')
        const { ByteString, Decimal, Uuid } = require('tarantool-fixture/values')
        ${body}`,
    },
  },
  'ES modules': {
    files: {
      ...setUpJest('{}', "testMatch: ['**/*.test.mjs'], transform: {}"),
      'a.test.mjs': `
        import { useTarantool } from 'tarantool-fixture/jest'
        import { ByteString, Decimal, Uuid } from 'tarantool-fixture/values'
        ${body}`,
    },
    env: esModules,
  },
}

describe.each(jests)('$name', runner => {
  test.each(Object.entries(modes))('values of types that JavaScript has not, in %s', async (_, { files, env = {} }) => {
    const { exitCode, output } = await new Project(runner, files).run([], { env })
    expect(exitCode, output).toBe(0)
    expect(output).toMatch(/Tests: +2 passed/)
  })
})
