/**
 * Servers without a runner, types for values that JavaScript has no type for, and all errors.
 *
 * @module tarantool-fixture
 */

export { AnyCluster } from './cluster/any-cluster.ts'
export { TarantoolCluster } from './cluster/cluster.ts'
export type { ClusterState } from './cluster/life.ts'
export type { LeaderWait, MeshWait } from './cluster/member-waits.ts'
export { TarantoolReplicaSet } from './cluster/replica-set.ts'
export type { ClusterConfig, ClusterOptions, ConfigOverlay, ConfigValue } from './config/application-options.ts'
export type {
  BoxCfgValue,
  Credentials,
  DockerOptions,
  InstanceOptions,
  Keep,
  Logger,
  SeedRow,
  SeedRows,
} from './config/options.ts'
export type {
  AddedMemberOptions,
  MemberOptions,
  ReplicaSetOptions,
  ReplicationOptions,
} from './config/replica-set-options.ts'
export * from './errors.ts'
export type { ProcessExit } from './instance/control/exit.ts'
export { type DockerInstanceOptions, TarantoolDockerInstance } from './instance/docker/instance.ts'
export {
  type CommandOptions,
  type StartOptions,
  type StopOptions,
  TarantoolInstance,
  /** The name in asynctnt. */
  TarantoolInstance as TarantoolAsyncInstance,
} from './instance/instance.ts'
export type { InstanceState } from './instance/lifecycle.ts'
export { TarantoolProcess } from './instance/process.ts'
export { TarantoolSyncInstance } from './instance/sync/instance.ts'
export { SyncLogFile } from './instance/sync/log.ts'
export { TarantoolSyncProcess } from './instance/sync/process.ts'
export type {
  Change,
  ChangedRow,
  Changes,
  ChangesOptions,
  Definition,
  RowChanges,
  SchemaChanges,
} from './isolation/changes.ts'
export type { Link } from './link/fault.ts'
export type { CodeUnderFaults, FaultRun } from './link/fault-sequence.ts'
export type { FaultsOptions, SequenceFault } from './link/planned-faults.ts'
export type { LogFile, LogSlice, LogWait, LogWriter } from './log/log-file.ts'
export type { Address, ServerAddress } from './protocol/address.ts'
export type { RequestOptions } from './protocol/request-table.ts'
export * from './values.ts'
export type { TarantoolVersion } from './version/tarantool-version.ts'
export type { Version } from './version/version.ts'
