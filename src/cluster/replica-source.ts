import type { ResolvedOptions } from '../config/resolve.ts'
import type { ReplicaSetWithOptions } from '../config/resolve-replica-set.ts'
import { ReplicationError, type TarantoolFixtureError, UnsupportedVersionError } from '../errors.ts'
import { Access } from '../instance/start/access.ts'
import { programOf } from '../instance/start/program-of.ts'
import { nameOfSeed } from '../instance/start/seed-terms.ts'
import { hasSeed } from '../seed/seed-task.ts'
import { replicaSetTemplateKey } from '../seed/template-key.ts'
import type { TemplateOrigin } from '../seed/template-store.ts'
import { isAtLeast, type Version } from '../version/version.ts'
import { activityHint } from './activity.ts'
import { noLeaderText, type SetMembers } from './failure.ts'
import type { ClusterInstances } from './instances.ts'
import { elect } from './leaders.ts'
import type { ClusterPorts } from './plan.ts'
import { ReplicaPlan } from './replica-plan.ts'
import type { ClusterSource } from './source.ts'
import { electionHint, makesWritable } from './waits.ts'

/** The source of a replica set's plan: its options. */
export class ReplicaSource implements ClusterSource {
  readonly given: ReplicaSetWithOptions
  readonly shared: ResolvedOptions
  #latestPlan: ReplicaPlan | undefined

  constructor(given: ReplicaSetWithOptions) {
    this.given = given
    // The members of a template have its password, and need it to find each other. A random one would be another each time.
    const hasRandomAccount = given.shared.credentials === 'random' || new Access(given.shared).madeUp !== undefined
    this.shared = hasRandomAccount ? { ...given.shared, seedTemplate: false } : given.shared
  }

  get title(): string {
    return `replica set '${this.given.replicaSet.name}'`
  }

  get nameOfData(): string {
    const { name, members } = this.given.replicaSet
    const set = `${name}, ${members.length} members`
    return hasSeed(this.shared) ? `${set}: ${nameOfSeed(this.shared)}` : set
  }

  readonly seedHint: undefined

  get elects(): boolean {
    return this.given.replicaSet.failover === 'election'
  }

  /** @throws NotRunningError before the first start */
  get planInForce(): ReplicaPlan {
    if (!this.#latestPlan) throw new Error('the replica set is planned before it changes')
    return this.#latestPlan
  }

  reset(): void {}

  /** @throws UnsupportedVersionError, SocketPathTooLongError */
  async plan(directory: string, ports: ClusterPorts | undefined, signal: AbortSignal): Promise<ReplicaPlan> {
    const program = programOf(this.shared)
    await program.prepare(signal)
    const version = await program.version()
    this.#checkVersion(version)
    this.#latestPlan = await ReplicaPlan.make(this.given, { version, directory, ports })
    return this.#latestPlan
  }

  async prepare(): Promise<() => void> {
    return () => {}
  }

  async origin(signal: AbortSignal): Promise<TemplateOrigin> {
    const program = await programOf(this.shared).prepare(signal)
    const { failover, leader } = this.given.replicaSet
    const members = this.planInForce.instanceOptions()
    return {
      key: await replicaSetTemplateKey(this.shared, { failover, leader, members }, program.identity()),
      tarantool: program.name,
      seed: this.nameOfData,
      environment: program.environment,
    }
  }

  // Each new set then has the same leader, on the same address.
  async chooseLeaders(instances: ClusterInstances): Promise<void> {
    const { failover, leader } = this.given.replicaSet
    const wanted = instances.byName.get(leader)
    if (failover === 'election' && wanted) await elect(wanted, instances.all, this.shared.timeout)
  }

  noLeader(replicaset: string, members: SetMembers, faults: readonly string[]): TarantoolFixtureError {
    const advice = [this.elects ? electionHint : makesWritable, activityHint(members, faults)]
    return new ReplicationError(noLeaderText(replicaset, members, faults), {
      hint: advice.filter(sentence => sentence !== undefined).join(' '),
    })
  }

  #checkVersion(version: Version): void {
    const { failover, name } = this.given.replicaSet
    if (failover === 'manual' || isAtLeast(version, 2, 6, 1)) return
    throw new UnsupportedVersionError(
      `replica set '${name}': failover: 'election' needs Tarantool 2.6.1 or later, and the Tarantool in use is ${version.text}`,
      { hint: "Use failover: 'manual', or ask for another Tarantool with the option 'version'." },
    )
  }
}
