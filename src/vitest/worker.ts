// The setup file that the global setup adds to a project: it runs in the worker, before each test file is imported.
import { afterEach, beforeAll, beforeEach, expect, inject } from 'vitest'
import { addressOf } from '../handle/environment.ts'
import { appendToError, describeLog } from '../handle/failure-log.ts'
import { listedServer } from '../handle/listed-server.ts'
import { beginTest, beginTestFile, endTestFile } from '../handle/test-file.ts'
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

// What a beforeAll returns runs after every afterAll.
beforeAll(() => endTestFile)

beforeEach(beginTest)

afterEach(async ({ task }) => {
  state.inTest = false
  const crashes: Error[] = []
  for (const server of state.servers.values()) {
    const crash = await server.endTest()
    if (crash) crashes.push(crash)
    const errors = task.result?.errors ?? []
    if (task.result?.state !== 'fail' || errors.length === 0) continue
    const log = await describeLog(server)
    if (log) for (const error of errors) appendToError(error, log)
    await server.testFailed()
  }
  if (crashes.length > 1) throw new AggregateError(crashes, crashes.map(({ message }) => message).join('\n'))
  if (crashes[0]) throw crashes[0]
})
