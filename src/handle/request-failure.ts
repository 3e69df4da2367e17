import type { LeasedServerInfo } from '../broker/leased-info.ts'
import { ConnectionError } from '../errors.ts'
import type { Life } from '../isolation/life.ts'
import { explainPause, explainReadOnly, isReadOnly } from '../protocol/unanswered.ts'

/** A leased server, from the view of its requests that fail. */
export interface FailingServer {
  readonly name: string
  readonly info: LeasedServerInfo
  readonly isolated: { readonly watch: { readonly life: Life } }
  /** Set for another instance of a cluster: the server that is the cluster. */
  readonly face: FailingServer | undefined
  ofCluster(name: 'waitForLeader', wait: { replicaset: string; timeout: number }): Promise<string>
}

/** True if a test has frozen the server. */
export const isPaused = ({ isolated }: FailingServer): boolean => isolated.watch.life.is === 'paused'

const callOf = (server: FailingServer, method: string): string => {
  const isMember = (server.face ?? server).info.cluster !== undefined
  return `${isMember ? `instance('${instanceOf(server)}').` : ''}${method}()`
}

/** True if a test or hook has stopped or killed the server. */
export const isStopped = ({ isolated }: FailingServer): boolean => isolated.watch.life.is === 'stopped'

/** The advice to a test whose server does not run. */
export const startHint = (server: FailingServer): string => `${callOf(server, 'start')} starts it again.`

/** The advice to a test whose server is frozen. */
export const resumeHint = (server: FailingServer): string => `${callOf(server, 'resume')} lets it run again.`

/** Says of a request that has failed whether a test has frozen or stopped its server, or which other member could have carried it out. */
export async function explainFailure(error: unknown, server: FailingServer): Promise<unknown> {
  if (isPaused(server)) return explainPause(error, resumeHint(server))
  if (isStopped(server) && error instanceof ConnectionError) {
    const { summary, instance, cause } = error
    const hint = `${startHint(server)} The next test finds a running server.`
    return new ConnectionError(`${summary}: a test or hook has stopped the server`, { instance, hint, cause })
  }
  const whole = server.face ?? server
  const { cluster } = whole.info
  if (!cluster || !isReadOnly(error)) return error
  const name = instanceOf(server)
  const [replicaset = ''] = Object.entries(cluster.replicasets).flatMap(([set, names]) =>
    names.includes(name) ? set : [],
  )
  // A wait of 0 ms looks once.
  const asked = whole.ofCluster('waitForLeader', { replicaset, timeout: 0 })
  return explainReadOnly(error, { name, replicaset, leader: await asked.catch(() => undefined) })
}

/** The name of the instance that a leased server is. */
export const instanceOf = ({ face, name, info }: FailingServer): string =>
  face ? name : (info.cluster?.connect ?? name)
