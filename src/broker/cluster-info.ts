import type { AnyCluster } from '../cluster/any-cluster.ts'
import type { ResolvedClusterServer } from './cluster-maker.ts'
import type { Holding } from './hold/holding.ts'
import type { LeasedServerInfo } from './leased-info.ts'
import { infoOf, reportingOf } from './server-info.ts'

/** The facts about a cluster of a pool that the cluster itself does not know. */
export interface ClusterFacts {
  readonly name: string
  readonly options: ResolvedClusterServer
  readonly generation: number
  readonly leasedBefore: boolean
  readonly holding: Holding
  /** The member that the handle of a replica set stands for. */
  readonly leader: string | undefined
}

/** The information for a worker about a cluster: about the instance that `connect` names, and about the others. */
export function clusterInfo(cluster: AnyCluster, facts: ClusterFacts): LeasedServerInfo {
  const { names: instances, replicasets, connect } = cluster
  const members = instances.filter(name => name !== connect).map(name => memberInfo(cluster, name, facts))
  return {
    ...memberInfo(cluster, connect, facts),
    cluster: { connect, instances, replicasets, members, leader: facts.leader },
  }
}

/** The information for a worker about one instance. */
export function memberInfo(cluster: AnyCluster, member: string, facts: ClusterFacts): LeasedServerInfo {
  const { name, options, generation, leasedBefore, holding } = facts
  const isMain = member === cluster.connect
  return {
    ...infoOf(cluster.instance(member)),
    name: isMain ? name : member,
    isolation: isMain ? options.isolation : 'none',
    strict: isMain && options.strict,
    records: isMain,
    generation,
    beganEmpty: true,
    leasedBefore: isMain && leasedBefore,
    aside: false,
    ...reportingOf(options, isMain ? holding : 'never'),
    ...(!isMain && { memberOf: name }),
  }
}
