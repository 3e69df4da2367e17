import type { TarantoolInstance } from '../../instance/instance.ts'
import type { AgentOperation, AgentReply, RequestsUnderWay } from '../../isolation/server.ts'
import { trace } from '../../trace.ts'
import type { ClusterInstances } from '../instances.ts'
import type { ClusterSource } from '../source.ts'
import { ConfigLevels } from './config-levels.ts'
import { joinRequests } from './joined-requests.ts'
import { LostMember, MemberAgent, type Return } from './member-agent.ts'
import type { MembershipLevels } from './membership-levels.ts'
import type { StartAgain } from './newcomers.ts'
import { SetReset } from './set-reset.ts'

/** The inputs of a reset, besides the instances. */
export interface ResetContext {
  readonly source: ClusterSource
  readonly membership: MembershipLevels
  /** The instance that leads each replica set at the beginning. */
  readonly leaders: ReadonlyMap<string, TarantoolInstance>
  /** The replica sets whose queue of synchronous transactions has an owner at the beginning. */
  readonly owned: ReadonlySet<string>
  readonly start: StartAgain
  readonly hasTemplate: boolean
}

/** Brings the running instances of a cluster back to an earlier state. Answers as the agent of one server does. */
export class ClusterReset {
  readonly #source: ClusterSource
  readonly #instances: ClusterInstances
  readonly #sets: readonly SetReset[]
  readonly #configs: ConfigLevels
  readonly #membership: MembershipLevels
  /** The agents of the instances that the levels have. */
  readonly #agents = new Map<TarantoolInstance, MemberAgent>()
  /** The number of levels that are open. */
  #levels = 1

  constructor(instances: ClusterInstances, { source, membership, leaders, owned, start, hasTemplate }: ResetContext) {
    this.#source = source
    this.#instances = instances
    this.#configs = new ConfigLevels(source, instances)
    this.#membership = membership
    const { timeout, trace: tell = trace } = source.shared
    this.#sets = Object.keys(instances.replicasets).map(name => {
      const members = this.#agentsOf(name)
      const leader = members.find(({ instance }) => instance === leaders.get(name))
      return new SetReset(members, {
        ...{ name, leader, isOwned: owned.has(name), timeout, start, hasTemplate, trace: tell },
        isConfigChangedBelow: level => this.#configs.isChangedBelow(level),
      })
    })
  }

  /**
   * Does what an operation of the agent does, on all instances.
   *
   * @param keep the number of levels that stay, from the lowest on
   * @returns `lost` with the reason, if the cluster has to be replaced
   */
  async ask(operation: AgentOperation, keep: number): Promise<AgentReply> {
    const ended = this.#members.filter(({ hasEnded }) => hasEnded)
    if (operation === 'dirty') return { dirty: ended.length > 0 || this.#isChanged || (await this.#isDirty()) }
    const isReturn = operation === 'rewind' || operation.startsWith('enter')
    const isOnTop = operation !== 'rewind' && keep >= this.#levels
    if (ended.length > 0 && (!isReturn || isOnTop)) return { lost: endOf(ended) }
    try {
      if (operation === 'digest') return { digest: await this.#digest() }
      if (operation === 'requests') return { requests: await this.#requests() }
      if (operation === 'nest') return await this.#nest()
      const way = operation as Return
      return isOnTop ? await this.#open(way) : await this.#goBack(way, Math.min(keep, this.#levels))
    } catch (error) {
      if (error instanceof LostMember) return { lost: error.message }
      throw error
    }
  }

  async #open(way: Return): Promise<AgentReply> {
    const level = this.#levels
    this.#keepMembers(level)
    this.#configs.open(level)
    const reply = await this.#ofAll(set => set.open(level, way))
    this.#levels++
    return reply
  }

  async #nest(): Promise<AgentReply> {
    const level = this.#levels
    this.#keepMembers(level)
    this.#configs.open(level)
    const reply = await this.#ofAll(set => set.nest(level))
    this.#levels++
    return reply
  }

  async #goBack(way: Return, keep: number): Promise<AgentReply> {
    if (way === 'rewind' && keep >= this.#levels) {
      this.#noteMembers()
      return await this.#ofAll(set => set.stay(keep))
    }
    const haveChanged = await this.#membership.goBack(keep)
    this.#noteMembers()
    await this.#configs.goBack(keep)
    const pids = this.#pids
    const reply = await this.#ofAll(set => set.goBack(keep, way, { haveChanged }))
    if (this.#pids !== pids) await this.#awaitSharding()
    this.#levels = way === 'rewind' ? Math.max(1, keep) : keep + 1
    return reply
  }

  // All sets have ended their work when this rejects.
  async #ofAll(work: (set: SetReset) => Promise<AgentReply>): Promise<AgentReply> {
    const ends = await Promise.allSettled(this.#sets.map(work))
    return joined(
      ends.map(end => {
        if (end.status === 'rejected') throw end.reason
        return end.value
      }),
    )
  }

  // The routers have to find new processes of the storages.
  async #awaitSharding(): Promise<void> {
    if (!this.#source.application) return
    const longest = this.#source.shared.timeout / 1000
    const wait = `return require('tarantool-fixture').await_sharding(${longest})`
    await Promise.all(
      this.#members.map(async ({ name, instance }) => {
        const [obstacle] = await instance.command(wait, { timeout: 2 * this.#source.shared.timeout })
        if (obstacle !== undefined && obstacle !== null) throw new LostMember(`instance '${name}': ${String(obstacle)}`)
      }),
    )
  }

  get #pids(): string {
    return this.#members.map(({ instance }) => instance.pid).join(' ')
  }

  // ---- Members ----

  /** Those whose changes are known, and that were not removed. */
  get #members(): readonly MemberAgent[] {
    const { all } = this.#instances
    return this.#sets.flatMap(({ members }) => members.filter(({ instance }) => all.includes(instance)))
  }

  /** The config or the members are not those of the highest level. */
  get #isChanged(): boolean {
    return this.#configs.isChanged || this.#membership.isChanged
  }

  // The level begins with members that were added since the one below, and without those that were removed.
  #keepMembers(level: number): void {
    this.#membership.open(level)
    this.#noteMembers()
  }

  #noteMembers(): void {
    for (const set of this.#sets) set.haveMembers(this.#agentsOf(set.name))
  }

  #agentsOf(replicaset: string): readonly MemberAgent[] {
    return [...this.#instances.ofSet(replicaset)].map(([name, instance]) => {
      const agent = this.#agents.get(instance) ?? new MemberAgent(name, instance)
      this.#agents.set(instance, agent)
      return agent
    })
  }

  async #isDirty(): Promise<boolean> {
    const replies = await Promise.all(
      this.#members.map(member => member.ask('dirty', 0).catch((): AgentReply => ({ dirty: true }))),
    )
    return replies.some(({ dirty }) => dirty)
  }

  async #digest(): Promise<string> {
    const parts = await Promise.all(
      this.#members.map(async member => {
        const { digest = '' } = await member.ask('digest', 0)
        return digest.split('\n').map(line => `${line} of '${member.name}'`)
      }),
    )
    return parts.flat().join('\n')
  }

  async #requests(): Promise<RequestsUnderWay> {
    const asked = this.#sets.flatMap(({ name: replicaset, members }) =>
      members
        .filter(member => this.#members.includes(member))
        .map(async member => {
          const { requests } = await member.ask('requests', 0)
          return requests ? [{ member: member.name, replicaset, requests }] : []
        }),
    )
    return joinRequests((await Promise.all(asked)).flat())
  }
}

const endOf = (members: readonly MemberAgent[]): string =>
  `${members.map(({ name }) => `instance '${name}'`).join(', ')} was stopped, killed or restarted`

/** A level has changes if any replica set has changes in it. */
function joined(replies: readonly AgentReply[]): AgentReply {
  const replaced = replies.flatMap(reply => reply.replaced ?? [])
  const levels = Math.max(0, ...replies.map(({ kept = [] }) => kept.length))
  return {
    undone: replies.reduce((total, { undone = 0 }) => total + undone, 0),
    kept: Array.from({ length: levels }, (_, level) => replies.some(({ kept = [] }) => kept[level] === true)),
    clients: replies.some(({ clients }) => clients === true),
    ...(replaced.length > 0 ? { replaced } : {}),
  }
}
