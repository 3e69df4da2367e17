import type { ResolvedOptions } from '../../config/resolve.ts'
import { NotRunningError, type TarantoolFixtureError } from '../../errors.ts'
import { fingerprintOf, type ServerDetails } from './details.ts'

/**
 * Makes the error of a request to a server that does not run.
 *
 * @param state of the instance
 * @param failure the reason why the server does not run, if nobody asked it to end
 */
export function notRunning(
  state: string,
  failure: TarantoolFixtureError | undefined,
  details: ServerDetails,
): NotRunningError {
  return new NotRunningError(`${details.instance} does not run: ${failure?.summary ?? `it is ${state}`}`, {
    ...details,
    // The log says nothing new about an end that somebody asked for.
    ...(failure ? { cause: failure, logTail: failure.logTail } : { shownLog: [] }),
    hint: state === 'new' ? 'Await start() first.' : undefined,
  })
}

/** Makes the error of a wait for a start that nobody has begun. */
export const noStart = (instance: string, state: string): NotRunningError =>
  new NotRunningError(`${instance} is ${state}, and no start is under way`)

/** Makes the error of a method that needs a server that does not run. */
export const runsAlready = (instance: string, state: string, method: string): NotRunningError =>
  new NotRunningError(`${instance} is ${state}: ${method}() needs an instance that does not run`, {
    hint: 'Call stop(), which ends the server and cleans up.',
  })

/** Makes the error of an address that is not known yet. */
export const portNotChosen = (): NotRunningError =>
  new NotRunningError('the port is not chosen yet', { hint: 'Await start() or prepare() first.' })

/** Makes the error of an instance that starts alone, after its cluster was stopped. */
export const clusterStopped = (options: ResolvedOptions): NotRunningError =>
  new NotRunningError(`${fingerprintOf(options, undefined, false)} cannot start alone: its cluster was stopped`, {
    hint: 'start() of the TarantoolReplicaSet or the TarantoolCluster starts all instances.',
  })
