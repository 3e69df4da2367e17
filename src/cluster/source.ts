import type { ResolvedOptions } from '../config/resolve.ts'
import type { ResolvedApplication } from '../config/resolve-application.ts'
import type { TarantoolFixtureError } from '../errors.ts'
import type { TemplateOrigin } from '../seed/template-store.ts'
import type { SetMembers } from './failure.ts'
import type { ClusterInstances } from './instances.ts'
import type { ClusterPlan, ClusterPorts } from './plan.ts'

/** The origin of a cluster's plan: the config of an application, or the options of a replica set. */
export interface ClusterSource {
  /** The options that the instances have in common, with the seed. */
  readonly shared: ResolvedOptions
  /** The cluster in messages: `cluster of /app/config.yaml`. */
  readonly title: string
  /** The name of the cluster's data in the list of templates. */
  readonly nameOfData: string
  /** The advice for a seed that fails. */
  readonly seedHint: string | undefined
  /** Goes back to what the options say, for a start with empty directories. */
  reset(): void
  /**
   * Chooses the instances, and a place and a port for each. The other methods concern the latest plan.
   *
   * @param ports the ports of a cluster whose place this one takes
   */
  plan(directory: string, ports: ClusterPorts | undefined, signal: AbortSignal): Promise<ClusterPlan>
  /** Reads what a start needs. Returns the function that writes it into the cluster's directory, which exists by then. */
  prepare(signal: AbortSignal): Promise<() => void>
  /** Computes the origin of the cluster's data. Addresses and directories do not count. */
  origin(signal: AbortSignal): Promise<TemplateOrigin>
  /** Gives the replica sets of a new cluster the leaders that they begin with. Default: they have them. */
  chooseLeaders?(instances: ClusterInstances): Promise<void>
  /** The config in force, if it can change while the cluster runs. */
  readonly application?: ResolvedApplication
  /** Lets the running instances apply another config. @throws ClusterConfigError. The former config holds again */
  change?(application: ResolvedApplication, instances: ClusterInstances): Promise<void>
  /** The members of a replica set may elect a leader. */
  readonly elects: boolean
  /** The error for a replica set in which no instance is writable. `faults`: those of the links between its members */
  noLeader(replicaset: string, members: SetMembers, faults: readonly string[]): TarantoolFixtureError
}
