import { describe, expect, test } from 'vitest'
import { setUpJest } from '../support/jest.ts'
import { Project } from '../support/project.ts'
import { jests } from '../support/runners.ts'

const uses = `
const { useTarantool } = require('tarantool-fixture/jest')
const tarantool = useTarantool()
`
const passing = `${uses} test('passes', async () => { expect(await tarantool.eval('return 1')).toEqual([1]) })`

// By name.
const sequencer = `
  const { default: Sequencer } = require('@jest/test-sequencer')
  module.exports = class extends Sequencer {
    sort(tests) { return [...tests].sort((a, b) => (a.path < b.path ? -1 : 1)) }
  }`

const first: Record<string, { text: string; args?: readonly string[]; code: number }> = {
  'has no test to run': { text: `${uses} test.skip('left out', () => {}); test.todo('later')`, code: 0 },
  'has none of the wanted name': {
    text: `${uses} describe('a suite', () => { test('left out', () => {}) })`,
    args: ['-t', 'passes'],
    code: 0,
  },
  'cannot be imported': { text: "throw new Error('broken')", code: 1 },
}

describe.each(jests)('$name', runner => {
  test.each(Object.entries(first))(
    'a file waits for a server until the one before is over, which %s',
    async (_, { text, args, code }) => {
      const project = new Project(runner, {
        ...setUpJest('{ maxServers: 1 }', "testSequencer: './by-name.js', maxWorkers: 2"),
        'by-name.js': sequencer,
        'a.test.js': text,
        'b.test.js': passing,
      })
      const { exitCode, output } = await project.run(args ?? [])
      expect(output).toMatch(/Tests: .*1 passed/)
      expect(exitCode, output).toBe(code)
      expect(project.leftBehind()).toEqual([])
    },
  )

  // After a file, Jest empties its globals, or warns about code that still reads them.
  test.each([
    ['on', ['-i']],
    ['on', ['-w=2']],
    ['soft', ['-i']],
  ])('nothing of a file is looked at when it is over: globalsCleanup %s, %s', async (globalsCleanup, args) => {
    const project = new Project(runner, {
      ...setUpJest(
        '{}',
        `testSequencer: './by-name.js', testEnvironmentOptions: { globalsCleanup: '${globalsCleanup}' }`,
      ),
      'by-name.js': sequencer,
      ...Object.fromEntries(['a', 'b', 'c', 'd'].map(name => [`${name}.test.js`, passing])),
      'b.test.js': `${uses} test.skip('left out', () => {})`,
    })
    const { exitCode, output } = await project.run(args)
    expect(output).toMatch(/Tests: .*3 passed/)
    expect(output).not.toMatch(/warning|deleted/i)
    expect(exitCode).toBe(0)
  })

  test('a file that gets one of two servers only gives that back', async () => {
    const project = new Project(runner, {
      ...setUpJest(`{ maxServers: 1, servers: { one: {}, two: { appLua: "error('broken')" } } }`, 'maxWorkers: 2'),
      ...Object.fromEntries(['a', 'b', 'c'].map(name => [`${name}.test.js`, passing])),
    })
    const { exitCode, output } = await project.run()
    expect(output).toMatch(/Test Suites: 3 failed, 3 total/)
    expect(exitCode).toBe(1)
  })
})
