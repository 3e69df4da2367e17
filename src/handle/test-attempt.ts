import type { ShownError } from './failure-log.ts'
import type { LeasedServer } from './leased-server.ts'
import type { LogMark } from './log-marks.ts'
import { reportServers, throwAll } from './server-report.ts'
import { isolationOf } from './test-file.ts'
import { workerState } from './worker-state.ts'

/**
 * One test, or one attempt at it where failed tests are tried again, as this worker's servers see it.
 *
 * @example
 * const attempt = new TestAttempt()
 * await attempt.begin()                 // before all hooks of the test
 * …
 * await attempt.end(errorsOfTheTest)    // after them all
 */
export class TestAttempt {
  readonly #marks = new Map<LeasedServer, LogMark>()

  /**
   * Gives the test running servers.
   *
   * @throws ServerExitedError when one had died before the test; it runs again
   */
  async begin(): Promise<void> {
    const { servers } = workerState()
    const crashes: Error[] = []
    for (const server of servers.values()) {
      const crash = await server.beginTest(isolationOf(server))
      if (crash) crashes.push(crash)
      this.#marks.set(server, server.marks.begin(server.log.offset))
    }
    throwAll(crashes)
  }

  /**
   * Puts what the servers logged during the test under the first of its errors.
   *
   * @throws ServerExitedError when a server died under it
   */
  async end(errors: readonly ShownError[]): Promise<void> {
    // A server that was leased within the test has its log from the lease on.
    const logSince = (server: LeasedServer): number => this.#marks.get(server)?.offset ?? server.marks.earliest
    try {
      await reportServers(workerState().servers.values(), { errors, when: 'during this test', logSince })
    } finally {
      for (const [server, mark] of this.#marks) server.marks.end(mark)
    }
  }
}
