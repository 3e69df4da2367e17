import type { LeasedServerInfo } from '../broker/leased-info.ts'
import { explainPause, explainReadOnly, isReadOnly } from '../protocol/unanswered.ts'

/** A leased server, from the view of its requests that fail. */
export interface FailingServer {
  readonly name: string
  readonly info: LeasedServerInfo
  /** A test has frozen the server. */
  readonly isPaused: boolean
  /** Set for another instance of a cluster: the server that is the cluster. */
  readonly face: FailingServer | undefined
  ofCluster(name: 'waitForLeader', wait: { replicaset: string; timeout: number }): Promise<string>
}

/** The advice to a test whose server is frozen. */
export const resumeHint = (server: FailingServer): string => {
  const isMember = (server.face ?? server).info.cluster !== undefined
  return `${isMember ? `instance('${instanceOf(server)}').` : ''}resume() lets it run again.`
}

/** Says of a request that has failed whether its server is frozen, or which other member could have carried it out. */
export async function explainFailure(error: unknown, server: FailingServer): Promise<unknown> {
  if (server.isPaused) return explainPause(error, resumeHint(server))
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
