import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { Broker } from '../../src/broker/broker.ts'
import type { Run } from '../../src/broker/run.ts'
import type { JoinOptions } from '../../src/broker/run-options.ts'
import { Runs } from '../../src/broker/runs.ts'
import type { ResolvedCoverage } from '../../src/config/coverage.ts'
import type { FixtureConfig } from '../../src/config/server-options.ts'
import { includedFiles } from '../../src/coverage/included-files.ts'
import { CoverageSession } from '../../src/coverage/session.ts'
import { lineCountsVariable } from '../../src/instance/start/line-counts.ts'
import { startInstance, writeFiles } from '../support/instances.ts'
import { resolvedServer } from '../support/resolved.ts'

const joining = (): JoinOptions => ({ workers: new Map([[{}, { most: 1, files: 1 }]]), start: true, versions: 1 })

let told: string[] = []
beforeEach(() => {
  told = []
  const error = vi.spyOn(console, 'error').mockImplementation(line => void told.push(String(line)))
  onTestFinished(() => error.mockRestore())
})

const coverageIn = (baseDir: string, changes: Partial<ResolvedCoverage> = {}): ResolvedCoverage => ({
  ...{ baseDir, include: ['**/*.lua'], exclude: [], reportsDirectory: join(baseDir, 'coverage') },
  ...{ reporters: ['lcovonly'], thresholds: {} },
  ...changes,
})

/** Whether the reports of a session find thresholds met. A server has run `app.lua`. */
async function isEnough(coverage: ResolvedCoverage, options = {}): Promise<boolean> {
  const session = new CoverageSession()
  session.join(session, { coverage, server: resolvedServer(options) })
  await startInstance({ appLua: join(coverage.baseDir, 'app.lua') })
  const met = await session.report()
  await session.leave(session)
  return met
}

test.each([
  [{ lines: 1 }, false],
  [{ functions: 1 }, false],
  [{}, true],
])('if no Tarantool finds the lines, the thresholds %j are met: %s', async (thresholds, met) => {
  const baseDir = writeFiles({ 'app.lua': 'local a = 1\n' })
  expect(await isEnough(coverageIn(baseDir, { thresholds }), { commandToRun: '/bin/false' })).toBe(met)
  expect(told.some(line => line.includes('coverage.thresholds cannot be checked'))).toBe(!met)
})

test.each([
  [{ lines: 1 }, false],
  [{}, true],
])('if no report can be made, the thresholds %j are met: %s', async (thresholds, met) => {
  const baseDir = writeFiles({ 'app.lua': 'local a = 1\n' })
  // The search for files throws.
  const include = undefined as unknown as string[]
  expect(await isEnough(coverageIn(baseDir, { include, thresholds }))).toBe(met)
  expect(told).toContainEqual(expect.stringContaining('no report could be made'))
})

test("the scripts in a server's own directory are not in the report", async () => {
  const baseDir = writeFiles({ 'app.lua': '', 'below/tnt-abcdefgh/init.lua': '', 'tnt-12345678/1/boot.lua': '' })
  const found = await includedFiles(coverageIn(baseDir), new Set())
  expect([...found.values()]).toEqual([join(baseDir, 'app.lua')])
})

function runOf(baseDir: string, config: FixtureConfig): { runs: Runs; run: Run } {
  const runs = Runs.of({})
  return { runs, run: runs.find({ identity: 'setup.ts', baseDir, load: async () => config }, { watches: true }) }
}

test('a setup that cannot begin leaves the reports of the run before', async () => {
  const baseDir = writeFiles({ 'app.lua': '' })
  mkdirSync(join(baseDir, 'coverage'))
  const lcov = join(baseDir, 'coverage/lcov.info')
  writeFileSync(lcov, 'of the run before')
  const coverage = { reportsDirectory: './coverage', thresholds: { lines: 1 } }
  const listening = vi.spyOn(Broker, 'listen').mockRejectedValue(new Error('no socket'))
  onTestFinished(() => listening.mockRestore())
  const { run } = runOf(baseDir, { lease: 'on-use', coverage })
  await expect(run.join(joining())).rejects.toThrow('no socket')
  expect(process.env[lineCountsVariable]).toBeUndefined()
  expect(readFileSync(lcov, 'utf8')).toBe('of the run before')
  expect(told).toEqual([])
})

test('runs below a threshold in watch mode do not fail the process', async () => {
  const baseDir = writeFiles({ 'app.lua': 'function never()\n    return 1\nend\n' })
  const { exitCode } = process
  const listeners = process.listeners('exit')
  onTestFinished(() => {
    process.exitCode = exitCode
  })
  for (let round = 1; round <= 2; round++) {
    const coverage = { thresholds: { lines: 100 }, reporters: ['json-summary'] as const }
    const { runs, run } = runOf(baseDir, { lease: 'on-use', coverage })
    await run.join(joining())
    await runs.restAll()
    expect(told).toHaveLength(round)
  }
  expect(told[1]).toContain('the threshold coverage.thresholds.lines is 100%')
  expect(existsSync(join(baseDir, 'coverage/lua/coverage-summary.json'))).toBe(true)
  expect(process.exitCode).toBe(exitCode)
  // A question for a version, which a setup asks in the background, has a listener until it is answered.
  await vi.waitFor(() => expect(process.listeners('exit').filter(added => !listeners.includes(added))).toEqual([]))
})
