import { demandIn } from '../isolation/scope.ts'
import { loadModule } from '../load-module.ts'
import { refuseConcurrent } from './concurrent-tests.ts'
import type { ShownError } from './failure-log.ts'
import type { LeasedServer } from './leased-server.ts'
import type { LogMark } from './log-marks.ts'
import { reportServers, throwAll } from './server-report.ts'
import type { TestPlace } from './test-place.ts'
import { serversInTurn, workerServers } from './worker-servers.ts'
import { workerState } from './worker-state.ts'

/**
 * One attempt at a test, from the point of view of this worker's servers. A test has several attempts if failed tests
 * are tried again.
 *
 * @example
 * const attempt = new TestAttempt({ scope, concurrent: false })
 * await attempt.begin()                 // before all hooks of the test
 * …
 * await attempt.report(errorsOfTheTest) // after them all
 * await attempt.end(true)
 */
export class TestAttempt {
  readonly #marks = new Map<LeasedServer, LogMark>()
  readonly #place: TestPlace
  /** A server died. */
  #crash: Error | undefined

  constructor(place: TestPlace) {
    this.#place = place
  }

  /**
   * Gives the test running servers in the state that the test expects.
   *
   * @throws ServerExitedError if a server had died before the test; the server runs again. ResetError if the state that
   *   the test expects is lost. SetupError if other tests run at the same time, and the test's server must be its own
   */
  async begin(): Promise<void> {
    const state = workerState()
    state.scope = this.#place.scope
    if (this.#place.concurrent) state.concurrent.add(this)
    else state.concurrent.clear()
    state.attempt = this
    const errors: Error[] = []
    for (const server of serversInTurn()) {
      const error = await beginServerTest(server, this)
      if (error) errors.push(error)
      if (server.info.isLive) await server.atTest(this.#place.name?.())
      this.#marks.set(server, server.marks.begin(server.logSize))
      server.notes?.begin(this)
    }
    // Some runners do not end an attempt that never began.
    if (errors.length > 0) state.concurrent.delete(this)
    throwAll(errors)
  }

  /**
   * Appends the lines that the servers logged during the test to the test's first error.
   *
   * @throws ServerExitedError if a server died during the test
   */
  async report(errors: readonly ShownError[]): Promise<void> {
    // A server that was leased within the test has its log from the lease on.
    const logSince = (server: LeasedServer): number => this.#marks.get(server)?.offset ?? server.marks.earliest
    for (const [server] of this.#marks) server.faults?.explain(this, errors)
    // Notes never fail a test.
    for (const [{ notes }] of this.#marks)
      if (notes) await notes.look(this, this.#place, errors, logSince).catch(() => {})
    try {
      await reportServers(workerServers(), {
        scope: this.#place.scope,
        errors,
        when: 'during this test',
        logSince,
        test: this.#place.name,
        isLast: this.#place.isLast,
      })
    } catch (error) {
      this.#crash = error as Error
      throw error
    } finally {
      for (const [server, mark] of this.#marks) server.marks.end(mark)
    }
  }

  /**
   * @param undo true undoes the test's changes at once, because no test of the same suite comes next
   * @throws LeftoverError, with `strict`
   */
  async end(undo: boolean): Promise<void> {
    const state = workerState()
    if (state.attempt === this) state.attempt = undefined
    state.concurrent.delete(this)
    const errors: Error[] = []
    for (const server of workerServers()) {
      try {
        if (server.faults) await server.faults.undo(this)
        if (server.info.isLive) await server.atTest()
        await server.isolated.endTest(this, demandIn(this.#place.scope, server.info), undo)
      } catch (error) {
        errors.push(error as Error)
      }
      server.notes?.end(this, this.#crash ?? errors[0])
    }
    throwAll(errors)
  }
}

/**
 * Brings a server into the state that the next test expects.
 *
 * @returns the error, if that fails
 */
export async function beginServerTest(server: LeasedServer, attempt: object): Promise<Error | undefined> {
  const { scope, concurrent } = workerState()
  const demand = demandIn(scope, server.info)
  const refusal = concurrent.size > 0 ? refuseConcurrent(scope, server) : undefined
  if (refusal) return refusal
  try {
    const error = await server.beginTest(attempt, demand)
    // A reset may have put the leader of a replica set back.
    if (server.leader !== server.info.cluster?.leader) {
      await (await loadModule(() => import('./cluster-calls.ts'))).findLead(server, false)
    }
    return error
  } catch (error) {
    return error as Error
  }
}
