import { describe, expect, test } from 'vitest'
import { asJest, esModules, jestJsonReport } from '../support/as-jest.ts'
import { Project } from '../support/project.ts'
import { outcomes, withJsonReport } from '../support/report.ts'
import { resettingProject } from '../support/reset.ts'
import { jests, vitests } from '../support/runners.ts'

const nested = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { rowsOf } from './rows.ts'
const tarantool = useTarantool()
const { pid } = tarantool
const rows = rowsOf(tarantool)
await rows.add('top')
beforeAll(async () => {
  await rows.expect('top')
  await rows.add('file')
})
afterAll(async () => {
  await rows.expect('file top')
  expect(tarantool.pid).toBe(pid)
})
test('first', async () => {
  await rows.expect('file top')
  await rows.add('first')
})
test('second', async () => {
  await rows.expect('file top')
  await rows.add('second')
})
describe('a suite', () => {
  beforeAll(async () => {
    await rows.expect('file top')
    await rows.add('suite')
    return async () => {
      await rows.expect('file suite top')
      await rows.add('returned')
    }
  })
  beforeAll(async () => {
    await rows.add('again')
    await tarantool.eval('box.space.rows:delete(4)')
  })
  beforeEach(() => rows.add('each'))
  afterEach(async () => {
    await rows.add('after-each')
  })
  afterAll(async () => {
    await rows.expect('file suite top')
  })
  test('in it', async () => {
    await rows.expect('each file suite top')
    await rows.add('in-it')
  })
  describe('nested', () => {
    beforeAll(async () => {
      await rows.expect('file suite top')
      await rows.add('nested')
    })
    beforeEach(() => rows.expect('each file nested suite top'))
    afterAll(() => rows.expect('file nested suite top'))
    test('nested in it', async () => {
      await rows.expect('each file nested suite top')
      await rows.add('x')
    })
    test('nested again', () => rows.expect('each file nested suite top'))
  })
  describe('without hooks', () => {
    test('plain', async () => {
      await rows.expect('each file suite top')
      await rows.add('plain')
    })
    test('plain again', () => rows.expect('each file suite top'))
  })
  test.skip('skipped', () => {})
  test.todo('to do')
  test('after the nested', () => rows.expect('each file suite top'))
})
describe.skip('a skipped suite', () => {
  beforeAll(() => rows.add('never'))
  test('skipped in it', () => {})
})
describe('another suite', () => {
  beforeAll(async () => {
    await rows.expect('file top')
    await rows.add('another')
  })
  test.each(['one', 'two', 'three'])('each %s', async name => {
    await rows.expect('another file top')
    await rows.add(name)
  })
  test('repeated', { repeats: 2 }, async () => {
    await rows.expect('another file top')
    await rows.add('repeated')
  })
  let attempts = 0
  test('tried again', { retry: 2 }, async () => {
    await rows.expect('another file top')
    await rows.add('tried')
    expect(++attempts).toBe(3)
  })
})
test('at the end', () => rows.expect('file top'))
`

const next = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { test } from 'vitest'
import { rowsOf } from './rows.ts'
const rows = rowsOf(useTarantool())
await rows.expect('')
test('the next file', () => rows.expect(''))
`

const titles = (text: string): [string, string][] =>
  [...text.matchAll(/^ *test(?:\.each\(\[(.*)\]\))?(\.\w+)?\('([^']+)'/gm)].flatMap(([, list, kind, title = '']) => {
    const names = list ? [...list.matchAll(/'(\w+)'/g)].map(([, name = '']) => title.replace('%s', name)) : [title]
    const outcome = kind === '.todo' ? 'todo' : kind === '.skip' || title === 'skipped in it' ? 'skipped' : 'passed'
    return names.map((name): [string, string] => [name, outcome])
  })

const pools: Record<string, string[]> = {
  threads: ['--pool=threads'],
  'vm threads': ['--pool=vmThreads'],
  'workers that run one file after the other': ['--no-isolate', '--pool=forks'],
}

describe.each(vitests)('$name', runner => {
  test.each(['stack', 'list', 'parallel'])('suites, with sequence.hooks %s', async hooks => {
    // At once, hooks of one suite do not find each other's rows in an order.
    const text =
      hooks === 'parallel'
        ? nested.replace(/beforeAll\(async \(\) => \{\n {4}await rows.add\('again'\)[\s\S]*?\}\)\n/, '')
        : nested
    const project = new Project(runner, {
      ...resettingProject(),
      'a.test.ts': text,
      'b.test.ts': next,
    })
    const { exitCode, output } = await project.run(['run', `--sequence.hooks=${hooks}`, ...withJsonReport])
    expect(outcomes(project)).toEqual(Object.fromEntries([...titles(nested), ...titles(next)]))
    expect(exitCode, output).toBe(0)
  })
  test.each(Object.entries(pools))('suites, in %s', async (_, args) => {
    const project = new Project(runner, { ...resettingProject(), 'a.test.ts': nested, 'b.test.ts': next })
    const { exitCode, output } = await project.run(['run', ...args, ...withJsonReport])
    expect(outcomes(project)).toEqual(Object.fromEntries([...titles(nested), ...titles(next)]))
    expect(exitCode, output).toBe(0)
  })
})

describe.each(jests)('$name', runner => {
  test.each(
    Object.entries({
      'in band': [],
      'in a worker': ['--maxWorkers=2'],
      'in a thread': ['--workerThreads', '--maxWorkers=2'],
    }),
  )('suites, %s', async (_, args) => {
    // Tests are tried again by a setting of the file's, not of their own.
    const text = nested.replace('let attempts = 0', 'vi.retryTimes(2)\n  let attempts = 0')
    const project = new Project(runner, asJest({ ...resettingProject(), 'a.test.ts': text, 'b.test.ts': next }))
    const { exitCode, output } = await project.run([...args, ...jestJsonReport], { env: esModules })
    const expected = Object.fromEntries(
      [...titles(nested), ...titles(next)].map(([title, outcome]) => [title, outcome.replace('skipped', 'pending')]),
    )
    expect(outcomes(project)).toEqual(expected)
    expect(exitCode, output).toBe(0)
  })
})
