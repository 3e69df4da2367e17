import { describe, expect, test } from 'vitest'
import { Project } from '../support/project.ts'
import { outcomes, withJsonReport } from '../support/report.ts'
import { resettingProject } from '../support/reset.ts'
import { vitests } from '../support/runners.ts'

const imports = `
import TarantoolConnection from 'tarantool-driver'
import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rowsOf } from './rows.ts'`

const servers = `
  walMode: 'write',
  servers: { default: {}, whole: { isolation: 'file' }, fresh: { isolation: 'restart' }, raw: { isolation: 'none' } }`

const files = {
  // A client of the application's own, which knows nothing of resets, reads all the time.
  'a-driver.test.ts': `${imports}
const tarantool = useTarantool()
const rows = rowsOf(tarantool)
const connection = new TarantoolConnection({ host: tarantool.host, port: tarantool.port })
let reads = 0
let ended = false
const reading = (async () => {
  while (!ended) {
    await connection.call('names')
    reads++
  }
})()
afterAll(async () => {
  ended = true
  await reading
})
test.each([1, 2, 3, 4, 5])('a driver that reads meanwhile %i', async number => {
  expect((await connection.call('names'))[0][0]).toBe('')
  await rows.add('row')
  await tarantool.eval(number % 2 ? "box.schema.space.create('more')" : 'box.space.rows:truncate()')
  await rows.add('row')
  const before = reads
  await expect.poll(() => reads).toBeGreaterThan(before)
})`,
  'b-hooks.test.ts': `${imports}
const tarantool = useTarantool()
const rows = rowsOf(tarantool)
describe('a suite whose beforeEach throws', () => {
  beforeEach(async () => {
    await rows.add('before')
    throw new Error('thrown before')
  })
  test('fails before', () => {})
})
test('after a beforeEach that threw', () => rows.expect(''))
describe('a suite whose afterEach throws', () => {
  afterEach(async () => {
    await rows.add('after')
    throw new Error('thrown after')
  })
  test('fails after', () => rows.expect(''))
  test('fails after, again', () => rows.expect(''))
})
test('after an afterEach that threw', async ({ onTestFinished }) => {
  await rows.expect('')
  onTestFinished(() => rows.add('finished'))
})
test('times out', { timeout: 300 }, async () => {
  await rows.add('slow')
  await new Promise(() => {})
})
let attempts = 0
test('is tried again', { retry: 2 }, async () => {
  await rows.expect('')
  await rows.add('attempt')
  expect(++attempts).toBe(3)
})
test('at the end', () => rows.expect(''))`,
  'c-servers.test.ts': `${imports}
const held = Object.fromEntries(
  ['default', 'whole', 'fresh', 'raw'].map(name => {
    const tarantool = useTarantool(name)
    return [name, { tarantool, pid: tarantool.pid, rows: rowsOf(tarantool) }]
  }),
)
const addAll = async name => {
  for (const { rows } of Object.values(held)) await rows.add(name)
}
test('each server has its isolation: first', async () => {
  for (const { rows } of Object.values(held)) await rows.expect('')
  await addAll('first')
})
test('each server has its isolation: second', async () => {
  await held.default.rows.expect('')
  await held.whole.rows.expect('first')
  await held.fresh.rows.expect('')
  await held.raw.rows.expect('first')
  for (const name of ['default', 'whole', 'raw']) expect(held[name].tarantool.pid, name).toBe(held[name].pid)
  expect(held.fresh.tarantool.pid).not.toBe(held.fresh.pid)
  await addAll('second')
})`,
  'd-servers.test.ts': `${imports}
const rows = Object.fromEntries(['default', 'whole', 'fresh', 'raw'].map(name => [name, rowsOf(useTarantool(name))]))
test('each server has its isolation: the next file', async () => {
  await rows.default.expect('')
  await rows.whole.expect('')
  await rows.fresh.expect('')
  await rows.raw.expect('first second')
})`,
}

const failing: Record<string, RegExp> = {
  'fails before': /thrown before/,
  'fails after': /^(?!.*AssertionError)[\s\S]*thrown after/,
  'fails after, again': /^(?!.*AssertionError)[\s\S]*thrown after/,
  // Where the report shows the stack, Vitest has a placeholder for the message in it.
  'times out': /timed out in 300ms|STACK_TRACE_ERROR/,
}

describe.each(vitests)('$name', runner => {
  test('drivers, hooks that fail, and servers of several isolations', async () => {
    const project = new Project(runner, { ...resettingProject(servers), ...files })
    const { output } = await project.run(['run', ...withJsonReport])
    const found = outcomes(project)
    const expected = Object.keys(found).map(title => [
      title,
      failing[title] ? expect.stringMatching(failing[title]) : 'passed',
    ])
    expect(found, output).toEqual(Object.fromEntries(expected))
    expect(Object.keys(found)).toHaveLength(16)
    expect(output).not.toMatch(/Unhandled/)
  })
})
