import type { AnyCluster } from '../cluster/any-cluster.ts'
import { TarantoolCluster } from '../cluster/cluster.ts'
import { TarantoolReplicaSet } from '../cluster/replica-set.ts'
import type { ResolvedServer } from '../config/fixture-config.ts'
import type { ResolvedApplication } from '../config/resolve-application.ts'
import type { ResolvedReplicaSet } from '../config/resolve-replica-set.ts'
import { keeps } from './instance-maker.ts'
import { liveLogger } from './live-log.ts'
import type { ServerMark } from './server-mark.ts'

/** The options of a server that is a cluster: an application, or a replica set without a config. */
export type ResolvedClusterServer = ResolvedServer &
  ({ readonly application: ResolvedApplication } | { readonly replicaSet: ResolvedReplicaSet })

export const isCluster = (options: ResolvedServer): options is ResolvedClusterServer =>
  (options.application ?? options.replicaSet) !== undefined

/** The surroundings of a cluster of a pool. */
export interface ClusterPlace {
  /** The directory of the run, for the directories of instances that need not be kept. */
  readonly root: string
  readonly mark: ServerMark
  readonly trace: (step: string) => void
}

/** Makes a cluster from a server's options. Starts nothing. */
export function makeCluster(options: ResolvedClusterServer, { root, mark, trace }: ClusterPlace): AnyCluster {
  const { application, replicaSet, ...others } = options
  const shared = {
    ...others,
    recordChanges: true,
    // The run's directory is removed after the run, so a directory that may be kept is made elsewhere.
    root: others.root ?? (keeps(options) ? undefined : root),
    logger: others.log === 'live' ? liveLogger(mark, others.logger) : others.logger,
    trace,
  }
  if (application) return TarantoolCluster.of({ application, shared })
  if (replicaSet) return TarantoolReplicaSet.of({ replicaSet, shared })
  throw new Error('a cluster is an application or a replica set')
}
