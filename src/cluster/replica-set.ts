import type { AddedMemberOptions, ReplicaSetOptions } from '../config/replica-set-options.ts'
import { type ReplicaSetWithOptions, resolveReplicaSetOptions } from '../config/resolve-replica-set.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { AnyCluster, type ClusterAddresses } from './any-cluster.ts'
import { MemberChanges } from './member-changes.ts'
import { ReplicaSource } from './replica-source.ts'

/** Tells the constructor that the options were checked before. The constructor's public type does not know this class. */
class Resolved implements ReplicaSetOptions {
  readonly replicas: number
  readonly set: ReplicaSetWithOptions
  readonly addresses: ClusterAddresses | undefined

  constructor(set: ReplicaSetWithOptions, addresses?: ClusterAddresses) {
    this.replicas = set.replicaSet.members.length
    this.set = set
    this.addresses = addresses
  }
}

/**
 * A replica set that the caller owns: several servers that replicate with each other, for Tarantool 1.10 to 3.x. It needs
 * no config file.
 *
 * All members run the same application, and one of them is writable. A new set begins with the application of the
 * writable member; the application of the others runs when the schema has arrived. The members end with the Node process that
 * created the set, and leave no files behind.
 *
 * @example
 * const set = await new TarantoolReplicaSet({ replicas: 3, appLua: './app.lua' }).start()
 * const leader = await set.leader()
 * await leader.call('add_user', 1, 'ann')
 * await set.waitForVclock(leader)
 * await set.stop()
 */
export class TarantoolReplicaSet extends AnyCluster {
  readonly #source: ReplicaSource
  readonly #changes: MemberChanges

  /**
   * Checks the options. Starts nothing.
   *
   * @param baseDir the directory that relative paths in the options start from. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
   */
  constructor(options: ReplicaSetOptions, baseDir: string = process.cwd()) {
    const isResolved = options instanceof Resolved
    const source = new ReplicaSource(isResolved ? options.set : resolveReplicaSetOptions(options, baseDir))
    super(source, isResolved ? options.addresses : undefined)
    this.#source = source
    this.#changes = new MemberChanges(source, () => this.running())
  }

  /**
   * Makes a replica set from options that were checked before.
   *
   * @internal
   */
  static of(set: ReplicaSetWithOptions): TarantoolReplicaSet {
    return new TarantoolReplicaSet(new Resolved(set))
  }

  /**
   * Makes another replica set, with other directories, that has the same addresses. This one must have ended when the
   * other one starts.
   *
   * @internal
   */
  override successor(): TarantoolReplicaSet {
    return new TarantoolReplicaSet(new Resolved(this.#source.given, this.bequeath()))
  }

  /**
   * Adds a member to the running set: it gets the data of the others, and they replicate with it. The next start with
   * empty directories begins without it.
   *
   * @param options the member's name, and the options that differ from those of the set
   * @throws InvalidOptionError if the set has such a member, or if the options do not fit; the errors of an instance's
   *   start; ReplicationError if a member is paused; NotRunningError. After an error, nothing is left of the member
   * @example
   * const set = await new TarantoolReplicaSet({ replicas: 2 }).start()
   * const third = await set.addReplica()
   * await set.waitForFullMesh()
   */
  async addReplica(options: AddedMemberOptions = {}): Promise<TarantoolInstance> {
    return await this.during(() => this.#changes.add(options))
  }

  /**
   * Stops a member, and makes the others forget it. The next start with empty directories begins with it again.
   *
   * @param member the instance, or its name
   * @throws UnknownServerError; InvalidOptionError if the member is the last one, or with failover `'manual'` the only
   *   writable one; ReplicationError if no member is writable, or another one is paused
   */
  async remove(member: TarantoolInstance | string): Promise<void> {
    await this.during(() => this.#changes.remove(member))
  }
}
