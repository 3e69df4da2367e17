import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Lane, RunEvent, TestEvent } from '../../src/broker/run-events.ts'
import type { ReportData } from '../../src/report/data.ts'
import { openReport } from '../../src/report/index.ts'
import { wallClock } from '../../src/wall-clock.ts'
import { temporaryDirectory } from '../support/instances.ts'

const lane: Lane = { name: 'default', number: 1, isCluster: false }
const other: Lane = { name: 'queue', number: 1, isCluster: false }

const testEvent = (name: string, changes: Partial<TestEvent> = {}): TestEvent => ({
  ...{
    kind: 'test',
    name,
    at: wallClock(),
    took: 1,
    attempt: 0,
    outcome: 'passed',
    file: join(process.cwd(), 'a.test.ts'),
  },
  ...changes,
})

const started = (version: string): Extract<RunEvent, { kind: 'start' }> => ({
  ...{ kind: 'start', instance: 'Tarantool[…]', at: wallClock(), took: 5, isSpare: false, version },
})

const dataAt = (path: string): ReportData => JSON.parse(readFileSync(path, 'utf8')) as ReportData

const newPath = (): string => join(temporaryDirectory(), 'below', 'report.json')

test('the runs of a process with one path share its report', async () => {
  const path = newPath()
  const [first, second] = [await openReport(path, '2.11'), await openReport(path, '3')]
  first.record(lane, started('2.11.0'))
  second.record({ ...lane }, started('3.8.0'))
  first.record(lane, testEvent('of the first'))
  await first.end()
  await second.end()
  expect(dataAt(path)).toMatchObject({
    version: 1,
    servers: [
      { name: 'default 1', run: '2.11', version: '2.11.0' },
      { name: 'default 1', run: '3', version: '3.8.0' },
    ],
    files: ['a.test.ts'],
    results: [{ name: 'of the first', file: 0, parts: [{ server: 0 }] }],
    cost: { starts: { count: 2, total: 10, median: 5, longest: 5 } },
  })
  expect(readdirSync(join(path, '..'))).toEqual(['report.json'])
  // Another run of the same process, as in Jest's watch mode.
  const third = await openReport(path, undefined)
  third.record(lane, testEvent('of the third'))
  await third.end()
  expect(dataAt(path).results).toMatchObject([{ name: 'of the third' }])
})

test('a run in which no file had a server leaves the former report alone, and says nothing', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => said.mockRestore())
  const path = newPath()
  const report = await openReport(path, undefined)
  report.record(lane, testEvent('adds a user'))
  await report.write()
  const line = `tarantool-fixture: report: ${relative(process.cwd(), path)}`
  expect(said.mock.calls).toEqual([[line]])
  const before = readFileSync(path, 'utf8')
  // The next run in watch mode, on servers that have started ahead.
  report.beginRun()
  report.record(lane, started('3.8.0'))
  await report.write()
  await report.end()
  expect([readFileSync(path, 'utf8'), said.mock.calls.length]).toEqual([before, 1])
  // A run whose servers cannot start has something to tell.
  const failed = await openReport(path, undefined)
  failed.record(lane, { ...started('3.8.0'), error: 'no such file' })
  await failed.write()
  await failed.end()
  expect(dataAt(path).events).toMatchObject([{ kind: 'start', error: 'no such file' }])
  // It is said once for each run.
  expect(said.mock.calls).toEqual([[line], [line]])
})

test('a test has a part for each of its servers, and the last attempt counts', async () => {
  const path = newPath()
  const report = await openReport(path, undefined)
  const failed = testEvent('twice', { outcome: 'failed', error: 'first' })
  report.record(lane, failed)
  report.record(other, { ...failed, log: ['of the queue'] })
  report.record(lane, testEvent('twice', { attempt: 1 }))
  // Two tests of one name.
  report.record(lane, testEvent('alike', { at: 1 }))
  report.record(lane, testEvent('alike', { at: 2 }))
  await report.write()
  const { results, tests } = dataAt(path)
  expect(tests).toEqual({ passed: 3, failed: 0, skipped: 0 })
  expect(results.filter(({ name }) => name === 'twice')).toMatchObject([
    { error: 'first', isRetried: true, parts: [{ server: 0 }, { server: 1, log: ['of the queue'] }] },
    { attempt: 1, parts: [{ server: 0 }] },
  ])
  report.beginRun()
  report.record(lane, testEvent('of the next run'))
  await report.end()
  expect(dataAt(path).results).toMatchObject([{ name: 'of the next run' }])
})

test('tests of one name that begin together are told apart, each with a part for each server', async () => {
  const path = newPath()
  const report = await openReport(path, undefined)
  const outcomes = ['skipped', 'failed'] as const
  for (const each of [lane, other]) {
    for (const outcome of outcomes) report.record(each, testEvent('alike', { at: 1, outcome }))
  }
  await report.end()
  const { results, tests } = dataAt(path)
  expect(tests).toEqual({ passed: 0, failed: 1, skipped: 1 })
  const parts = [{ server: 0 }, { server: 1 }]
  expect(results).toMatchObject(outcomes.map(outcome => ({ outcome, parts })))
})

test('logs of passed tests are bounded, and take nothing from failed tests', async () => {
  const path = newPath()
  const report = await openReport(path, undefined)
  const log = ['x'.repeat(1_500_000)]
  for (const name of ['a', 'b', 'c']) report.record(lane, testEvent(name, { log, at: name.charCodeAt(0) }))
  report.record(lane, testEvent('d', { log, outcome: 'failed' }))
  await report.end()
  const parts = dataAt(path).results.map(({ parts: [part] }) => [part?.log?.length, part?.isCut])
  expect(parts).toEqual([
    [1, undefined],
    [1, undefined],
    [undefined, true],
    [1, undefined],
  ])
})

test('a path that cannot be written is told, and nothing is thrown', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => told.mockRestore())
  const path = newPath()
  mkdirSync(path, { recursive: true })
  const report = await openReport(path, undefined)
  expect(told.mock.lastCall?.[0]).toMatch(/the report cannot be written; .*report\.json: it is a directory$/)
  report.record(lane, testEvent('adds a user'))
  await report.end()
  expect(told.mock.lastCall?.[0]).toMatch(/the report was not written: .*report\.json: \w+/)
  expect(readdirSync(join(path, '..'))).toEqual(['report.json'])
})
