import { existsSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Run } from '../../src/broker/run.ts'
import type { JoinOptions, RunSource } from '../../src/broker/run-options.ts'
import { Runs } from '../../src/broker/runs.ts'
import { needOf } from '../../src/broker/workers.ts'
import type { FixtureConfig } from '../../src/config/server-options.ts'

const source = (config: FixtureConfig = {}): RunSource => ({
  identity: 'setup.ts',
  baseDir: process.cwd(),
  load: async () => config,
})

/** Joins as one project of two workers. No server starts. */
const joining = (): JoinOptions => ({ workers: new Map([[{}, { most: 2, files: 9 }]]), start: false, versions: 1 })

function registry(): Runs {
  const runs = Runs.of({})
  onTestFinished(() => runs.restAll())
  return runs
}

const isThere = async (run: Run): Promise<boolean> => {
  const { path } = await run.ticket()
  return path !== undefined && existsSync(path)
}

test('a runner has one registry', () => {
  const runner = {}
  expect(Runs.of(runner)).toBe(Runs.of(runner))
  expect(Runs.of(runner)).not.toBe(Runs.of({}))
})

test('a setup has one run of each version', () => {
  const runs = registry()
  const run = runs.find(source(), { version: '2.11' })
  expect(runs.find(source(), { version: '2.11' })).toBe(run)
  expect(runs.find(source(), { version: '3' })).not.toBe(run)
  expect(runs.find(source(), {})).not.toBe(run)
  expect(runs.find({ ...source(), identity: 'other.ts' }, { version: '2.11' })).not.toBe(run)
})

test('the last project that leaves ends the run', async () => {
  const runs = registry()
  const ended = vi.fn()
  const observe = vi.fn(() => ({ refused: () => {}, ended }))
  const [run, same] = [0, 1].map(() => runs.find(source(), { observe }))
  await run?.join(joining())
  await same?.join(joining())
  await run?.leave()
  expect(await isThere(runs.find(source(), { observe }))).toBe(true)
  expect(ended).not.toHaveBeenCalled()
  await same?.leave()
  expect(ended).toHaveBeenCalledOnce()
  expect(observe).toHaveBeenCalledOnce()
  expect(await isThere(runs.find(source(), {}))).toBe(false)
})

test('a project that gets an error has not joined', async () => {
  const runs = registry()
  const run = runs.find(source({ port: 3301 }), {})
  await expect(run.join(joining())).rejects.toThrow("'port', and 2 workers need one server each")
  expect(runs.find(source(), {})).not.toBe(run)
})

test('an ended run leaves alone the run that took its place', async () => {
  const runs = registry()
  const first = runs.find(source(), {})
  await first.join(joining())
  await runs.endSetup('setup.ts')
  const second = runs.find(source(), {})
  await second.join(joining())
  await first.leave()
  expect(runs.find(source(), {})).toBe(second)
  expect(await isThere(second)).toBe(true)
})

test('a fixed port is refused for the versions of one config', async () => {
  const runs = registry()
  const [run] = ['3', '2.11'].map(version => runs.find(source({ consolePort: 3302, maxServers: 1 }), { version }))
  await expect(run?.join(joining())).rejects.toThrow('a server of each version (2.11, 3)')
})

test.each([
  { projects: [], versions: 1, need: { busy: 0, ahead: 0 } },
  { projects: [{ most: 4, files: 9 }], versions: 1, need: { busy: 4, ahead: 4 } },
  { projects: [{ most: 4, files: 1 }], versions: 1, need: { busy: 1, ahead: 1 } },
  { projects: [{ most: 4, files: Number.POSITIVE_INFINITY }], versions: 1, need: { busy: 4, ahead: 4 } },
  // Projects share the workers of the runner, and not their files.
  {
    projects: [
      { most: 4, files: 2 },
      { most: 1, files: 1 },
    ],
    versions: 1,
    need: { busy: 3, ahead: 3 },
  },
  // Versions share the workers.
  { projects: [{ most: 4, files: 9 }], versions: 3, need: { busy: 4, ahead: 2 } },
  { projects: [{ most: 4, files: 2 }], versions: 2, need: { busy: 2, ahead: 2 } },
])('projects $projects of a run for $versions versions need $need', ({ projects, versions, need }) => {
  expect(needOf(projects, versions)).toEqual(need)
})
