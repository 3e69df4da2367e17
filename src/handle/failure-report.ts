import type { FailedServer as Outcome } from '../broker/failed-server.ts'
import type { Holding } from '../broker/hold/holding.ts'
import type { Demand } from '../isolation/scope.ts'
import { describeChanges, readChanges } from './failure-changes.ts'
import { describeFaults } from './failure-faults.ts'
import { appendToError, describeLog, readLog, type ShownError } from './failure-log.ts'
import type { LeasedServer } from './leased-server.ts'

/** A server of a test that has failed, or that the server itself has failed by its death. */
export interface FailedServer {
  readonly server: LeasedServer
  /** The offset in the log from which lines are shown. */
  readonly since: number
  readonly demand: Demand
  /** The test uses the server. */
  readonly isToTell: boolean
  readonly crash: (Error & { summary: string }) | undefined
}

export interface Failure {
  /** The test's first error; undefined if only the death of a server makes the test fail. */
  readonly first: ShownError | undefined
  /** The name of the time in messages. */
  readonly when: string
  readonly test: string | undefined
  /** True if no test of the file follows. Undefined if the file is over. */
  readonly isLast: (() => boolean | Promise<boolean>) | undefined
}

// The largest number of lines about changes, under one error.
const linesAtMost = 10

const whyNotHere: Partial<Record<Holding, string>> = {
  'in-ci': "the variable CI is set; keep: 'on-failure' keeps its data",
  'without-terminal': "the run has no terminal; keep: 'on-failure' keeps its data",
}

/** Shows what servers did while a test ran, under the test's error. Asks the main process to keep or hold the servers. */
export async function reportFailure(servers: readonly FailedServer[], failure: Failure): Promise<void> {
  const { first, when } = failure
  let lines = linesAtMost
  // Before data is kept, because Tarantool logs each snapshot.
  const logs = servers.map(({ server, since, crash }) => (crash ? undefined : readLog(server, since)))
  // Before another process gets the address.
  const shown = first ? servers.filter(({ server, crash }) => !crash && server.info.showsChanges) : []
  const changed = await readChanges(shown.map(({ server }) => server))
  // Data of a cluster is kept for all instances together.
  const outcomes = new Map<string, Outcome>()
  const faults = first && describeFaults(servers.map(({ server }) => server))
  if (first && faults !== undefined) appendToError(first, faults)
  for (const [index, failed] of servers.entries()) {
    const { server, crash } = failed
    const part = logs[index]
    const ofServer = changed.find(one => one.server === server)
    const { demand } = servers.find(one => one.server === server.face) ?? failed
    const changes = ofServer ? describeChanges(ofServer, { when, demand, lines }) : []
    lines -= changes.length
    // As it was with the failed test.
    const { info } = server
    const whole = info.memberOf ?? server.name
    const known = outcomes.get(whole)
    const outcome = known ?? (await dealWith(failed, failure))
    outcomes.set(whole, outcome)
    const context = { when, outcome, isTold: known !== undefined }
    const text = part ? describeLog({ name: server.name, info }, part, context) : crash?.summary
    if (first && text) appendToError(first, text)
    if (first && changes.length > 0) appendToError(first, changes.join('\n'))
  }
}

/** True if tests that follow expect the data that is in the server now. */
async function isNeeded({ server, demand }: FailedServer, isLast: Failure['isLast']): Promise<boolean> {
  // A cluster stays in any case.
  if (server.info.cluster || server.info.memberOf !== undefined) return true
  if (!isLast) return server.info.isolation === 'none'
  // Such tests may run at the same time.
  if (demand.isolation === 'file' || demand.isolation === 'none') return true
  if (demand.isolation !== 'reset') return false
  const hooksChanged = await server.isolated.withRecords(async (_, levels) => levels.hooksChanged)
  return hooksChanged && !(await isLast())
}

async function dealWith(failed: FailedServer, { test, isLast }: Failure): Promise<Outcome> {
  const { server, isToTell } = failed
  const { holding, keepsOnFailure } = server.info
  const isToHold = holding === 'on-failure' && isToTell
  const reason = isToTell ? whyNotHere[holding] : undefined
  const hold = reason === undefined ? undefined : { reason }
  if (!(keepsOnFailure || isToHold)) return { hold }
  const outcome = { hold, ...(await server.testFailed(test, isToHold ? await isNeeded(failed, isLast) : undefined)) }
  if (outcome.successor) {
    server.isolated.watch.notice('taken-down')
    server.adopt(outcome.successor, true)
  }
  return outcome
}
