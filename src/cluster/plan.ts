import type { TemplateDuty } from '../config/config-mode.ts'
import type { ResolvedOptions } from '../config/resolve.ts'
import type { PortReservation } from '../instance/place/port.ts'
import type { LinkEnds } from '../link/proxy.ts'

/** An instance of a cluster. */
export interface Member {
  readonly name: string
  /** The name of the instance's replica set. */
  readonly replicaset: string
}

/** The instances of a cluster. */
export interface Members<Kind extends Member = Member> {
  /** In the order of their names. */
  readonly instances: readonly Kind[]
  /** The instance whose address tests get. */
  readonly connect: Kind
  /** The instances that are seeded. */
  readonly seeded: readonly Kind[]
}

/** The reserved ports of a cluster, by the names of its instances. */
export type ClusterPorts = ReadonlyMap<string, PortReservation>

/** A link between two instances: the connections that one opens to the other. */
export interface Route {
  readonly from: string
  readonly to: string
  readonly ends: LinkEnds
}

/** Everything that the instances of one cluster are made from: who they are, where they are, and as whom tests connect. */
export interface ClusterPlan {
  readonly members: Members
  /** Kept, since a port is free for others when nobody holds its reservation. */
  readonly ports: ClusterPorts
  /** The part of the instances in a template, for the starts from now on. */
  duty: TemplateDuty['duty'] | undefined
  /** True if the instances are others than those that the plan was made with. */
  readonly isChanged: boolean
  /** How often instances were added or removed. */
  readonly changes: number
  /** True if an instance runs or starts, and another can reach it. The owner of the instances sets it. */
  reaches: (from: string, to: string) => boolean
  /** True if an instance runs, and its start has ended. The owner of the instances sets it. */
  runs: (name: string) => boolean
  /** The links between the instances. Empty without the option `links`. */
  routes(): Route[]
  /** Remembers the members of now. Returns a function that makes them the members again. Default: they do not change. */
  keepMembers?(): () => void
  /** The paths of a member's sockets. Default: its members do not change. */
  socketsOf?(name: string): string[]
  /** The addresses of all members, as one member reaches them. Default: a config has them. */
  sourcesOf?(member: string): string[]
  /** The UUID with which an instance starts from now on. Default: the instances have UUIDs of the plan. */
  keepUuid?(name: string, uuid: string | undefined): void
  /** The options of each instance, with its name. */
  instanceOptions(): [string, ResolvedOptions][]
}
