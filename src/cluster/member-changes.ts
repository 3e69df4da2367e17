import { rmSync } from 'node:fs'
import { checkIsObject } from '../config/check.ts'
import type { AddedMemberOptions } from '../config/replica-set-options.ts'
import { checkAddedMember, resolveMember } from '../config/resolve-replica-set.ts'
import { InvalidOptionError, ReplicationError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { findLeader } from './leaders.ts'
import type { MemberWaits } from './member-waits.ts'
import { forgetMember, lowerQuorum, replicateFrom } from './membership-requests.ts'
import type { ReplicaSource } from './replica-source.ts'
import { startBeside } from './start-beside.ts'
import type { Made } from './starts.ts'

// In milliseconds: until the running members know that one was removed.
const longestNews = 1000

// In milliseconds. A member that takes longer is frozen, or busy.
const longestReply = 5000

/** Adds members to a replica set that runs, and removes them. Changes follow each other. */
export class MemberChanges {
  readonly #source: ReplicaSource
  /** The instances of the set. @throws NotRunningError */
  readonly #running: () => Made
  #turn: Promise<unknown> = Promise.resolve()

  constructor(source: ReplicaSource, running: () => Made) {
    this.#source = source
    this.#running = running
  }

  /** @throws InvalidOptionError, ReplicationError, NotRunningError; the errors of an instance's start */
  async add(options: AddedMemberOptions): Promise<TarantoolInstance> {
    return await this.#inTurn(() => this.#add(options))
  }

  /** @throws UnknownServerError, InvalidOptionError, ReplicationError, NotRunningError */
  async remove(member: TarantoolInstance | string): Promise<void> {
    await this.#inTurn(() => this.#remove(member))
  }

  async #add(options: AddedMemberOptions): Promise<TarantoolInstance> {
    const { instances, waits, links } = this.#running()
    const plan = this.#source.planInForce
    checkIsObject('addReplica()', options)
    const { name, ...own } = options
    const chosen = name ?? plan.nextName
    if (instances.byName.has(chosen)) {
      throw new InvalidOptionError(`addReplica: the replica set has a member '${chosen}' already`, {
        hint: `Members: ${[...instances.byName.keys()].join(', ')}.`,
      })
    }
    checkAddedMember(chosen, options)
    const member = resolveMember(chosen, own, this.#source.given.replicaSet.given)
    refuseWhilePaused('addReplica', instances.all)
    // The leader lets it join.
    await waits.leader()
    const planned = await plan.add(member)
    const added = instances.add(chosen, this.#source.given.replicaSet.name, planned.options)
    let isKnown = false
    try {
      await links?.open(plan.routes())
      this.#running()
      await startBeside(instances.running, added, async () => await added.start())
      isKnown = true
      // It has begun with all sources itself.
      await this.#replicate({ except: added })
      await waits.fullMesh({ onlyRunning: true })
    } catch (error) {
      await added.kill()
      for (const socket of plan.socketsOf(chosen)) rmSync(socket, { force: true })
      planned.withdraw()
      instances.remove(chosen)
      await links?.remove(chosen, { andAddress: planned.isNew })
      // The first error says more than an error of a set whose leader has just gone, too.
      await this.#forget(planned.uuid, waits, { isKnown }).catch(() => {})
      throw error
    }
    return added
  }

  async #remove(member: TarantoolInstance | string): Promise<void> {
    const { instances, waits, links } = this.#running()
    const instance = instances.find(member, { call: 'remove(member)' })
    const name = instances.nameOf(instance)
    const plan = this.#source.planInForce
    if (instances.all.length === 1) {
      throw new InvalidOptionError(`remove: '${name}' is the last member of the replica set`, {
        hint: 'stop() ends the set.',
      })
    }
    const others = instances.all.filter(other => other !== instance)
    if (!this.#source.elects && (await waits.leader()) === instance && !(await this.#haveLeader(others))) {
      throw new InvalidOptionError(`remove: '${name}' is the leader of the replica set`, {
        hint: 'Make another member writable first: box.cfg{ read_only = false }.',
      })
    }
    refuseWhilePaused('remove', others)
    const uuid = plan.members.instances.find(member => member.name === name)?.uuid ?? ''
    const raiseQuorum = await this.#lowerQuorum(others)
    try {
      await instance.stop()
      plan.remove(name)
      instances.remove(name)
      await links?.remove(name)
      await this.#forget(uuid, waits, { isKnown: true })
    } catch (error) {
      // The first error says more than an error of a member that has ended, too.
      await raiseQuorum().catch(() => {})
      throw error
    }
    await raiseQuorum()
  }

  // The list of members changes when there is a leader, and one of two members is no majority until then.
  async #lowerQuorum([last, ...others]: readonly TarantoolInstance[]): Promise<() => Promise<void>> {
    const isAlone = this.#source.elects && last?.isRunning === true && others.length === 0
    return isAlone ? await lowerQuorum(last) : async () => {}
  }

  /** Lets the running members forget one that has ended. `isKnown`: they replicate from it. */
  async #forget(uuid: string, waits: MemberWaits, { isKnown }: { isKnown: boolean }): Promise<void> {
    const replicated = isKnown ? await Promise.allSettled([this.#replicate()]) : []
    const leader = await (isKnown ? waits.newLeader() : waits.leader())
    await forgetMember(leader, uuid)
    // A member that does not answer must not keep the others from the list without the one that has ended.
    for (const end of replicated) if (end.status === 'rejected') throw end.reason
    // A member that is added now gets the same id, which the others must have free. Those out of reach get it later.
    await waits.vclock(leader, { timeout: longestNews }).catch(() => {})
  }

  /** Lets each running member replicate from all members. */
  async #replicate({ except }: { except?: TarantoolInstance } = {}): Promise<void> {
    const { instances } = this.#running()
    const plan = this.#source.planInForce
    const { running } = instances
    const terms = { running: running.length, timeout: longestReply }
    const told = running
      .filter(other => other !== except)
      .map(member => replicateFrom(member, plan.sourcesOf(instances.nameOf(member)), terms))
    for (const end of await Promise.allSettled(told)) if (end.status === 'rejected') throw end.reason
  }

  // Two changes at once would choose one name, and leave each other out.
  async #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(change)
    this.#turn = done.catch(() => {})
    return await done
  }

  async #haveLeader(members: readonly TarantoolInstance[]): Promise<boolean> {
    return (await findLeader(members, this.#source.shared.timeout)) !== undefined
  }
}

// All members have to learn of a change. One that is removed itself has not.
function refuseWhilePaused(request: string, members: readonly TarantoolInstance[]): void {
  const paused = members.find(({ isPaused }) => isPaused)
  if (!paused) return
  throw new ReplicationError(`${request}: member '${paused.name}' is paused, so it cannot learn of the change`, {
    hint: `Resume '${paused.name}' first.`,
  })
}
