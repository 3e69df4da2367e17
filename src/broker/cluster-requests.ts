import type { AnyCluster } from '../cluster/any-cluster.ts'
import { TarantoolCluster } from '../cluster/cluster.ts'
import type { LeaderWait, MeshWait } from '../cluster/member-waits.ts'
import { TarantoolReplicaSet } from '../cluster/replica-set.ts'
import type { ClusterConfig, ConfigOverlay } from '../config/application-options.ts'
import type { AddedMemberOptions } from '../config/replica-set-options.ts'
import { InvalidOptionError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { AgentOperation } from '../isolation/server.ts'
import { ClusterMember, type MemberContext } from './cluster-member.ts'
import type { ClusterActions, ServerActions } from './leasable-server.ts'
import type { ClusterReply } from './leased-info.ts'

/** A cluster of a pool, from the view of its requests. */
export interface ClusterContext extends Omit<MemberContext, 'info'> {
  /** Another one takes its place when its directory is kept. */
  readonly cluster: AnyCluster
  /** The name of the server in the config. */
  readonly name: string
  /** The information about an instance, after its process was started or stopped. */
  infoOf: (member: string) => ReturnType<MemberContext['info']>
  /** Asks all instances for an operation of the agent. */
  ask: ClusterActions['ask']
  /** A member is the leader now. */
  noteLeader(member: string): void
}

/** Answers the requests of a lease that only a cluster can answer. */
export class ClusterRequests implements ClusterActions {
  readonly #context: ClusterContext

  constructor(context: ClusterContext) {
    this.#context = context
  }

  async ask(operation: AgentOperation, keep: number): Promise<ClusterReply> {
    return await this.#context.ask(operation, keep)
  }

  async leader(replicaset?: string, wait?: { timeout?: number | undefined }): Promise<string> {
    return this.#asLeader(await this.#cluster.leader(replicaset, wait))
  }

  async waitForLeader(wait: LeaderWait & { not?: string | undefined }): Promise<string> {
    return this.#asLeader(await this.#cluster.waitForLeader(wait))
  }

  async waitForFullMesh(wait: MeshWait): Promise<void> {
    await this.#cluster.waitForFullMesh(wait)
  }

  async waitForVclock(of: string | undefined, wait: { timeout?: number | undefined }): Promise<void> {
    await this.#cluster.waitForVclock(of, wait)
  }

  async addReplica(options: AddedMemberOptions): Promise<string> {
    return await this.#context.run(async () => {
      const set = this.#replicaSet('addReplica')
      return (await set.addReplica(options)).name
    })
  }

  async remove(member: string): Promise<void> {
    await this.#context.run(() => this.#replicaSet('remove').remove(member))
  }

  async reload(config?: string | ClusterConfig): Promise<void> {
    await this.#context.run(() => this.#ofConfig('reload').reload(config))
  }

  async set(overlay: ConfigOverlay): Promise<void> {
    await this.#context.run(() => this.#ofConfig('set').set(overlay))
  }

  member(name: string): ServerActions {
    const { run, disturb, infoOf } = this.#context
    return new ClusterMember(this.#cluster.instance(name), { run, disturb, info: () => infoOf(name) })
  }

  get #cluster(): AnyCluster {
    return this.#context.cluster
  }

  #asLeader({ name }: TarantoolInstance): string {
    this.#context.noteLeader(name)
    return name
  }

  #replicaSet(request: string): TarantoolReplicaSet {
    const cluster = this.#cluster
    if (cluster instanceof TarantoolReplicaSet) return cluster
    throw new InvalidOptionError(
      `${request}: the instances of server '${this.#context.name}' are those of its config`,
      {
        hint: 'reload(config) applies another config. A replica set without a config has the option replicas.',
      },
    )
  }

  #ofConfig(request: string): TarantoolCluster {
    const cluster = this.#cluster
    if (cluster instanceof TarantoolCluster) return cluster
    throw new InvalidOptionError(`${request}: server '${this.#context.name}' is a replica set without a config`, {
      hint: 'Change options of its members with box.cfg.',
    })
  }
}
