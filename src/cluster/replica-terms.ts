import type { BoxCfgValue } from '../config/options.ts'
import type { ReplicationTerms } from '../config/replica-mode.ts'
import type { ResolvedReplicaSet } from '../config/resolve-replica-set.ts'
import { isAtLeast, type Version } from '../version/version.ts'
import { mayLackLeader } from './quorum.ts'
import { type ReplicaMember, uuidOfSet } from './replica-member.ts'

// In seconds. Members find each other quickly, and an election does not take long.
const replicationTimeout = 0.1
const electionTimeout = 0.5
/** The time that a member waits for the data of the others, before its application runs. */
const syncTimeout = 5
/** The time that a member looks for members that do not run. */
const patience = 0.5

const electionDefaults: Readonly<Record<string, BoxCfgValue>> = {
  election_mode: 'candidate',
  election_timeout: electionTimeout,
  // In 2.6 and 2.7, the default of 1 would let each half of a divided set elect a leader.
  replication_synchro_quorum: 'N / 2 + 1',
}

/** The replica set around a member that starts. */
export interface SetAtStart {
  readonly set: ResolvedReplicaSet
  readonly version: Version
  readonly others: readonly ReplicaMember[]
  /** The addresses of all members, as the member reaches them. */
  readonly sources: readonly string[]
  /** True if another member runs or starts, and the member can reach it. */
  readonly reaches: (other: string) => boolean
  /** True if another member runs, and its start has ended. */
  readonly runs: (other: string) => boolean
}

/** The terms on which a member starts: its options of `box.cfg`, and the members that it waits for. */
export function termsOf({ name, uuid, isAdded }: ReplicaMember, around: SetAtStart): ReplicationTerms {
  const { set, version, others, sources, reaches, runs } = around
  const there = others.filter(other => reaches(other.name))
  const isElected = set.failover === 'election'
  const isWritable = isElected || name === set.leader
  // A writable member with an empty directory would make a set of its own, if all others are read-only.
  const isLate = others.some(other => runs(other.name))
  const isWritableLater = isLate && isWritable && !isElected
  return {
    mayLackLeader: mayLackLeader(
      others.map(other => other.name),
      { reaches, runs },
    ),
    // The others do not know a member that is added until it is ready.
    peers: isAdded ? [] : there.map(peer => ({ name: peer.name, uuid: peer.uuid })),
    sources,
    boxCfg: {
      replicaset_uuid: uuidOfSet,
      instance_uuid: uuid,
      read_only: !isWritable,
      replication_connect_quorum: others.length + 1,
      ...(isAtLeast(version, 2, 11) && { bootstrap_strategy: 'legacy' }),
    },
    defaults: { replication_timeout: replicationTimeout, ...(isElected && electionDefaults) },
    onlyAtStart: {
      ...(isWritableLater && { read_only: true }),
      ...(there.length < others.length && {
        replication_connect_quorum: there.length + 1,
        replication_connect_timeout: patience,
      }),
      // The application begins with the data of the others. Older versions wait for that by themselves.
      ...(isLate && isAtLeast(version, 3, 0) && { replication_sync_timeout: syncTimeout }),
    },
  }
}
