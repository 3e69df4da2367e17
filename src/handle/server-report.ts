import { type Demand, demandIn, type Scope } from '../isolation/scope.ts'
import { loadModule } from '../load-module.ts'
import type { ShownError } from './failure-log.ts'
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
}

// The largest number of lines about changes, under one error.
const linesAtMost = 10

/**
 * Reports what servers did while code ran: their log lines and their changes under the code's errors, and their deaths.
 *
 * @throws ServerExitedError if a server has died without a request to end
 */
export async function reportServers(
  servers: Iterable<LeasedServer>,
  { scope, errors: [first], when, logWhen = when, logSince, test }: ReportOptions,
): Promise<void> {
  const crashes: Error[] = []
  let lines = linesAtMost
  for (const server of servers) {
    const since = logSince(server)
    const demand = demandIn(scope, server.info)
    const isToTell = server.isolated.isToTell(demand)
    if (!(first || isToTell)) continue
    const crash = await server.isolated.watch.findDeath({ when, logSince: since, suspected: first !== undefined })
    if (crash && isToTell) crashes.push(crash)
    if (first) {
      const { appendToError, describeLog, readLog } = await loadModule(() => import('./failure-log.ts'))
      // Before the data is kept, because Tarantool logs each snapshot.
      const part = crash ? undefined : readLog(server, since)
      const kept = await server.testFailed(test?.())
      const text = part ? describeLog(server, part, { when: logWhen, kept }) : crash?.summary
      if (text) appendToError(first, text)
      const changes = crash ? [] : await changesOf(server, { when: logWhen, demand, lines })
      lines -= changes.length
      if (changes.length > 0) appendToError(first, changes.join('\n'))
    } else if (crash) await server.testFailed(test?.())
  }
  throwAll(crashes)
}

async function changesOf(
  server: LeasedServer,
  options: { when: string; demand: Demand; lines: number },
): Promise<string[]> {
  if (!server.info.showsChanges) return []
  const { describeChanges } = await loadModule(() => import('./failure-changes.ts'))
  return await describeChanges(server, options)
}

/** Throws the error, or all errors together: runners show the message of an AggregateError, or each of its errors. */
export function throwAll(errors: readonly Error[]): void {
  if (errors.length > 1) throw new AggregateError(errors, errors.map(({ message }) => message).join('\n'))
  if (errors[0]) throw errors[0]
}
