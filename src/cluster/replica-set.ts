import { rmSync } from 'node:fs'
import { checkIsObject } from '../config/check.ts'
import type { AddedMemberOptions, ReplicaSetOptions } from '../config/replica-set-options.ts'
import {
  checkAddedMember,
  type ReplicaSetWithOptions,
  resolveMember,
  resolveReplicaSetOptions,
} from '../config/resolve-replica-set.ts'
import { InvalidOptionError, ReplicationError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { AnyCluster, type ClusterAddresses } from './any-cluster.ts'
import { findLeader } from './leaders.ts'
import { forgetMember, replicateFrom } from './membership-change.ts'
import { ReplicaSource } from './replica-source.ts'

// In milliseconds: until the running members know that one was removed.
const longestNews = 1000

// In milliseconds. A member that takes longer is frozen, or busy.
const longestReply = 5000

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
  /** Changes of the members follow each other. */
  #turn: Promise<unknown> = Promise.resolve()

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
    return await this.#inTurn(() => this.#add(options))
  }

  async #add(options: AddedMemberOptions): Promise<TarantoolInstance> {
    const { instances, links } = this.running()
    const plan = this.#source.planInForce
    checkIsObject('addReplica()', options)
    const { name, ...own } = options
    const chosen = name ?? plan.nextName
    if (instances.byName.has(chosen)) {
      throw new InvalidOptionError(`addReplica: the replica set has a member '${chosen}' already`, {
        hint: `Members: ${this.names.join(', ')}.`,
      })
    }
    checkAddedMember(chosen, options)
    const member = resolveMember(chosen, own, this.#source.given.replicaSet.given)
    this.#refuseWhilePaused('addReplica')
    // The leader lets it join.
    await this.leader()
    const planned = await plan.add(member)
    const added = instances.add(chosen, this.#source.given.replicaSet.name, planned.options)
    let isKnown = false
    try {
      await links?.open(plan.routes())
      await added.start()
      isKnown = true
      // It has begun with all sources itself.
      await this.#replicate({ except: added })
      await this.waitForFullMesh({ onlyRunning: true })
    } catch (error) {
      await added.kill()
      for (const socket of plan.socketsOf(chosen)) rmSync(socket, { force: true })
      planned.withdraw()
      instances.remove(chosen)
      await links?.links.remove(chosen, { andAddress: planned.isNew })
      // The first error says more than an error of a set whose leader has just gone, too.
      await this.#forget(planned.uuid, { isKnown }).catch(() => {})
      throw error
    }
    return added
  }

  /**
   * Stops a member, and makes the others forget it. The next start with empty directories begins with it again.
   *
   * @param member the instance, or its name
   * @throws UnknownServerError; InvalidOptionError if the member is the last one, or with failover `'manual'` the only
   *   writable one; ReplicationError if no member is writable, or another one is paused
   */
  async remove(member: TarantoolInstance | string): Promise<void> {
    await this.#inTurn(() => this.#remove(member))
  }

  async #remove(member: TarantoolInstance | string): Promise<void> {
    const { instances, links } = this.running()
    const instance = instances.find(member)
    const name = instances.nameOf(instance)
    const plan = this.#source.planInForce
    if (instances.all.length === 1) {
      throw new InvalidOptionError(`remove: '${name}' is the last member of the replica set`, {
        hint: 'stop() ends the set.',
      })
    }
    if (!this.#source.elects && (await this.leader()) === instance && !(await this.#hasLeaderBesides(instance))) {
      throw new InvalidOptionError(`remove: '${name}' is the leader of the replica set`, {
        hint: 'Make another member writable first: box.cfg{ read_only = false }.',
      })
    }
    this.#refuseWhilePaused('remove', instance)
    const uuid = plan.members.instances.find(member => member.name === name)?.uuid ?? ''
    await instance.stop()
    plan.remove(name)
    instances.remove(name)
    await links?.links.remove(name)
    await this.#forget(uuid, { isKnown: true })
  }

  /** Lets the running members forget one that has ended. `isKnown`: they replicate from it. */
  async #forget(uuid: string, { isKnown }: { isKnown: boolean }): Promise<void> {
    const replicated = isKnown ? await Promise.allSettled([this.#replicate()]) : []
    const leader = await (isKnown ? this.waitForLeader() : this.leader())
    await forgetMember(leader, uuid)
    // A member that does not answer must not keep the others from the list without the one that has ended.
    for (const end of replicated) if (end.status === 'rejected') throw end.reason
    // A member that is added now gets the same id, which the others must have free. Those out of reach get it later.
    await this.waitForVclock(leader, { timeout: longestNews }).catch(() => {})
  }

  /** Lets each running member replicate from all members. */
  async #replicate({ except }: { except?: TarantoolInstance } = {}): Promise<void> {
    const { instances } = this.running()
    const plan = this.#source.planInForce
    const told = instances.running
      .filter(other => other !== except)
      .map(member => replicateFrom(member, plan.sourcesOf(instances.nameOf(member)), { timeout: longestReply }))
    for (const end of await Promise.allSettled(told)) if (end.status === 'rejected') throw end.reason
  }

  // All members have to learn of a change. One that is removed itself has not.
  #refuseWhilePaused(request: string, besides?: TarantoolInstance): void {
    const paused = this.instances.find(instance => instance !== besides && instance.process?.isPaused === true)
    if (!paused) return
    throw new ReplicationError(`${request}: member '${paused.name}' is paused, so it cannot learn of the change`, {
      hint: `Resume '${paused.name}' first.`,
    })
  }

  // Two changes at once would choose one name, and leave each other out.
  async #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(change)
    this.#turn = done.catch(() => {})
    return await done
  }

  async #hasLeaderBesides(instance: TarantoolInstance): Promise<boolean> {
    const others = this.instances.filter(other => other !== instance)
    return (await findLeader(others, this.#source.shared.timeout)) !== undefined
  }
}
