import { expect, test } from 'vitest'
import { Levels } from '../../src/isolation/levels.ts'
import { FakeServer, suiteIn } from './fake-server.ts'

/** Who has made the latest changes. */
const tops = {
  hooks: async () => {},
  tests: async (levels: Levels) => await levels.enterTest([]),
  'staying tests': async (levels: Levels) => await levels.joinTests([], true),
}

type Step = (levels: Levels, server: FakeServer) => Promise<void>

/** What happens next, the rows after the changes of each, and whether tests are kept apart from hooks then. */
const steps: Record<string, readonly [step: Step, found: Record<keyof typeof tops, string>, isTestOpen: boolean]> = {
  'a test begins that finds no changes of others': [
    levels => levels.enterTest([]),
    { hooks: 'file latest', tests: 'file', 'staying tests': 'file latest' },
    true,
  ],
  'a test begins that shares its changes': [
    levels => levels.joinTests([]),
    { hooks: 'file latest', tests: 'file latest', 'staying tests': 'file latest' },
    true,
  ],
  'a test begins whose changes stay': [
    levels => levels.joinTests([], true),
    { hooks: 'file latest', tests: 'file latest', 'staying tests': 'file latest' },
    true,
  ],
  'a suite begins': [
    levels => levels.enterSuite([suiteIn(undefined)]),
    { hooks: 'file latest', tests: 'file', 'staying tests': 'file latest' },
    false,
  ],
  'a suite ends whose begin was not told': [
    levels => levels.leaveSuite([suiteIn(undefined)]),
    { hooks: 'file latest', tests: 'file', 'staying tests': 'file latest' },
    true,
  ],
  'tests are undone': [
    levels => levels.undoTests(),
    { hooks: 'file latest', tests: 'file', 'staying tests': 'file' },
    true,
  ],
  'hooks are undone': [levels => levels.undoHooks(), { hooks: '', tests: '', 'staying tests': '' }, false],
  'the server goes back to the baseline': [
    levels => levels.toBaseline(),
    { hooks: '', tests: '', 'staying tests': '' },
    false,
  ],
  'the server is replaced': [levels => levels.replace('stuck'), { hooks: '', tests: '', 'staying tests': '' }, true],
  'the server is restarted with its data, and a test begins': [
    async (levels, server) => {
      server.restart()
      await levels.enterTest([])
    },
    { hooks: 'file latest', tests: '', 'staying tests': 'file latest' },
    true,
  ],
}

const cases = Object.entries(steps).flatMap(([what, [step, found, isTestOpen]]) =>
  Object.entries(tops).map(([top, begin]) => ({
    what,
    top,
    begin,
    step,
    found: found[top as keyof typeof tops],
    isTestOpen,
  })),
)

test.each(cases)('after $top: $what', async ({ begin, step, found, isTestOpen }) => {
  const server = new FakeServer()
  const levels = new Levels(server.control)
  server.add('file')
  await begin(levels)
  server.add('latest')
  await step(levels, server)
  expect(server.rows.join(' ')).toBe(found)
  expect(levels.isTestOpen).toBe(isTestOpen)
})
