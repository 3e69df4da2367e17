// The setup file that the global setup adds to a project: it runs in the worker, before each test file is imported.
import { afterAll, beforeAll, beforeEach, expect, inject, type RunnerTestFile } from 'vitest'
import { addressOf } from '../handle/environment.ts'
import { listedServer } from '../handle/listed-server.ts'
import { TestAttempt } from '../handle/test-attempt.ts'
import { beginTestFile, endTestFile, endTests } from '../handle/test-file.ts'
import { workerState } from '../handle/worker-state.ts'
import type { ProvidedTarantool } from './context.ts'

const provided = inject('tarantool') as unknown as ProvidedTarantool | undefined
const state = workerState()

if (provided) {
  await beginTestFile(provided.tickets, Number(process.env.VITEST_POOL_ID ?? 1), expect.getState().testPath)
  // Whoever injects from here on, in this worker, sees the address of this worker's server.
  const names = provided.tickets.flatMap(({ servers }) => servers)
  const infos = new Map(
    state.listing
      ? names.map(name => [name, listedServer])
      : [...state.servers].map(([name, { info }]) => [name, info]),
  )
  const servers = Object.fromEntries([...infos].map(([name, info]) => [name, addressOf(info)]))
  Object.assign(provided, servers.default, { servers })
}

// The first hook to be registered is the first to run: what is called from here on is called too late to collect hooks.
// What it returns runs after every afterAll.
beforeAll(() => {
  state.isRunning = true
  return endTestFile
})

beforeEach(async ({ task, onTestFinished }) => {
  const attempt = new TestAttempt()
  const errorsBefore = task.result?.errors?.length ?? 0
  // Of these the first to be registered is the last to run, after all other hooks, and also when one of them fails.
  onTestFinished(async () => {
    await attempt.end(task.result?.errors?.slice(errorsBefore) ?? [])
  })
  await attempt.begin()
})

const afterFile = async (...context: unknown[]): Promise<void> => {
  // The suite is the first argument on Vitest 3, and the second on later ones.
  const file = context.find(value => value instanceof Object && 'filepath' in value) as RunnerTestFile | undefined
  await endTests(file?.result?.errors ?? [])
}
// Vitest reads a hook's parameters from its source text, and takes the first for fixtures; a bound function has none.
afterAll(afterFile.bind(undefined))
