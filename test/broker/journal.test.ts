import { expect, onTestFinished, test } from 'vitest'
import { Journal } from '../../src/broker/journal.ts'
import { Pool } from '../../src/broker/pool.ts'
import type { Lane, RunEvent } from '../../src/broker/run-events.ts'
import { threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { temporaryDirectory } from '../support/instances.ts'
import { lease } from '../support/leased.ts'
import { resolvedServer } from '../support/resolved.ts'

test('a journal is told of starts, restarts, signals and deaths, each with its server', async () => {
  const told: (readonly [Lane, RunEvent])[] = []
  const root = temporaryDirectory()
  const journal = new Journal((lane, event) => told.push([lane, event]))
  const pool = new Pool({ name: 'queue', server: resolvedServer({ root, seedLua: 'seeded = true' }), root, journal })
  onTestFinished(async () => void (await pool.close()))
  const { server, release } = await pool.lease(1)
  journal.leased(server, { file: undefined, worker: 7, asked: Date.now() })
  server.atTest({ file: '/a.test.ts' })
  expect(server.info().isReported).toBe(true)
  await server.restart(true)
  const deaths = async (count: number): Promise<void> =>
    await expect.poll(() => told.filter(([, { kind }]) => kind === 'death').length, { timeout: 10_000 }).toBe(count)
  await server.signal('SIGTERM')
  await deaths(1)
  await server.ensure()
  // The server goes on, so its end is not what the test asked for.
  await server.signal('SIGUSR1')
  process.kill(server.info().pid, 'SIGKILL')
  await deaths(2)
  release()

  expect(new Set(told.map(([lane]) => lane))).toEqual(new Set([{ name: 'queue', number: 1, isCluster: false }]))
  const kinds = told.map(([, { kind }]) => kind)
  expect(kinds).toEqual(['start', 'lease', 'start', 'replacement', 'death', 'start', 'death'])
  const [start, leased, , restart, asked, , crash] = told.map(([, event]) => event)
  expect(start).toMatchObject({ isSpare: false, seedTook: expect.any(Number), version: expect.any(String) })
  expect(leased).toMatchObject({ file: '/a.test.ts', worker: 7, took: expect.any(Number) })
  expect(restart).toMatchObject({ by: 'restart' })
  expect(asked).toMatchObject({ isAsked: true })
  expect(crash).toMatchObject({ signal: 'SIGKILL', isAsked: false })
})

test('a signal to an instance of a cluster is told of that instance alone', async context => {
  skipWithout('a config file', context)
  const deaths: RunEvent[] = []
  const root = temporaryDirectory()
  const journal = new Journal((_, event) => void (event.kind === 'death' && deaths.push(event)))
  const app = threeInstances()
  const pool = new Pool({ name: 'app', server: resolvedServer({ root, app, connect: 's-001' }), root, journal })
  onTestFinished(async () => void (await pool.close()))
  const { server } = await pool.lease(1)
  const ended = async (count: number): Promise<void> =>
    await expect.poll(() => deaths.length, { timeout: 10_000 }).toBe(count)
  const [router, replica] = server.info().cluster?.members ?? []
  await server.cluster.member('r-001').signal('SIGTERM')
  await ended(1)
  process.kill(replica?.pid ?? 0, 'SIGKILL')
  await ended(2)
  expect(deaths).toMatchObject([
    { instance: router?.fingerprint, isAsked: true },
    { instance: replica?.fingerprint, isAsked: false },
  ])
})

test('without a journal, workers are not asked to tell about their tests', async () => {
  const { server } = await lease()
  expect(server.info().isReported).toBeUndefined()
})
