import { demandIn, type Scope } from '../isolation/scope.ts'
import { loadModule } from '../load-module.ts'
import type { ShownError } from './failure-log.ts'
import type { FailedServer } from './failure-report.ts'
import type { LeasedServer } from './leased-server.ts'

export interface ReportOptions {
  /** The test file or the suite in which the errors occurred. */
  readonly scope: Scope
  /** The errors. The first error gets the lines that the servers logged. */
  readonly errors: readonly ShownError[]
  /** The name of the time in messages: `'during this test'`. */
  readonly when: string
  /** The name of the time of the log lines. Default: `when`. */
  readonly logWhen?: string
  readonly logSince: (server: LeasedServer) => number
  /** The test, with the names of its suites. Default: a hook of the file. */
  readonly test?: (() => string) | undefined
  /** True if no test of the file follows. Default: the file is over. */
  readonly isLast?: (() => boolean | Promise<boolean>) | undefined
}

/**
 * Reports what servers did while code ran: their log lines and their changes under the code's errors, and their deaths.
 *
 * @throws ServerExitedError if a server has died without a request to end
 */
export async function reportServers(
  servers: Iterable<LeasedServer>,
  { scope, errors: [first], when, logWhen = when, logSince, test, isLast }: ReportOptions,
): Promise<void> {
  const crashes: Error[] = []
  const failed: FailedServer[] = []
  for (const server of servers) {
    const since = logSince(server)
    const demand = demandIn(scope, server.info)
    const isToTell = server.isolated.isToTell(demand)
    if (!(first || isToTell)) continue
    const crash = await server.isolated.watch.findDeath({ when, logSince: since, suspected: first !== undefined })
    if (crash && isToTell) crashes.push(crash)
    if (first || crash) failed.push({ server, since, demand, isToTell, crash })
  }
  if (failed.length > 0) {
    const { reportFailure } = await loadModule(() => import('./failure-report.ts'))
    await reportFailure(failed, { first, when: logWhen, test: test?.(), isLast })
  }
  throwAll(crashes)
}

/** Throws the error, or all errors together: runners show the message of an AggregateError, or each of its errors. */
export function throwAll(errors: readonly Error[]): void {
  if (errors.length > 1) throw new AggregateError(errors, errors.map(({ message }) => message).join('\n'))
  if (errors[0]) throw errors[0]
}
