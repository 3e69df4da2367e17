import type { TarantoolInstance } from '../../instance/instance.ts'
import type { AgentOperation, AgentReply, MemberState, RequestsUnderWay } from '../../isolation/server.ts'
import type { ClusterInstances } from '../instances.ts'
import { LostMember, MemberAgent, type Return } from './member-agent.ts'
import { SetReset } from './set-reset.ts'

/** Brings the running instances of a cluster back to an earlier state. Answers as the agent of one server does. */
export class ClusterReset {
  readonly #instances: ClusterInstances
  readonly #members: readonly MemberAgent[]
  readonly #sets: readonly SetReset[]
  /** The processes whose changes are recorded from the beginning on. */
  readonly #pids: ReadonlyMap<TarantoolInstance, number | undefined>
  /** The number of levels that are open. */
  #levels = 1

  constructor(instances: ClusterInstances) {
    this.#instances = instances
    const agents = new Map([...instances.byName].map(([name, instance]) => [name, new MemberAgent(name, instance)]))
    this.#members = [...agents.values()]
    this.#sets = Object.values(instances.replicasets).map(
      names => new SetReset(names.flatMap(name => agents.get(name) ?? [])),
    )
    this.#pids = new Map(instances.all.map(instance => [instance, instance.pid]))
  }

  /**
   * Does what an operation of the agent does, on all instances.
   *
   * @param keep the number of levels that stay, from the lowest on
   * @returns `lost` with the reason, if the cluster cannot be brought back in place
   */
  async ask(operation: AgentOperation, keep: number): Promise<AgentReply> {
    const disturbed = this.#disturbed()
    if (operation === 'dirty') return { dirty: disturbed !== undefined || (await this.#isDirty()) }
    if (disturbed !== undefined) return { lost: disturbed }
    try {
      if (operation === 'digest') return { digest: await this.#digest() }
      if (operation === 'requests') return { requests: await this.#requests() }
      if (operation === 'nest') return await this.#nest()
      return await this.#goBack(operation as Return, keep)
    } catch (error) {
      if (error instanceof LostMember) return { lost: error.message }
      throw error
    }
  }

  async #goBack(way: Return, keep: number): Promise<AgentReply> {
    const isOnTop = way !== 'rewind' && keep >= this.#levels
    const states = await Promise.all(this.#sets.map(set => (isOnTop ? set.open(keep, way) : set.goBack(keep, way))))
    if (way === 'rewind') this.#levels = Math.max(1, Math.min(keep, this.#levels))
    else this.#levels = Math.min(keep, this.#levels) + 1
    return joined(states.flat().map(replyOf))
  }

  async #nest(): Promise<AgentReply> {
    const replies = await Promise.all(this.#members.map(member => member.ask('nest', 0)))
    this.#levels++
    return joined(replies)
  }

  /** Why the changes are not all recorded. */
  #disturbed(): string | undefined {
    const { byName } = this.#instances
    const gone = [...byName].filter(([, instance]) => this.#pids.get(instance) !== instance.pid || !instance.isRunning)
    if (gone.length > 0)
      return `${gone.map(([name]) => `instance '${name}'`).join(', ')} was stopped, killed or restarted`
    return byName.size === this.#pids.size ? undefined : 'an instance was added or removed'
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
    const all = await Promise.all(this.#members.map(async member => (await member.ask('requests', 0)).requests))
    const found = all.filter(requests => requests !== undefined)
    const sum = (of: 'at_end' | 'since' | 'now'): number => found.reduce((total, requests) => total + requests[of], 0)
    const list = (of: 'kinds' | 'fibers' | 'changed'): string[] => found.flatMap(requests => requests[of])
    return {
      at_end: sum('at_end'),
      since: sum('since'),
      now: sum('now'),
      kinds: list('kinds'),
      fibers: list('fibers'),
      changed: list('changed'),
    }
  }
}

const replyOf = ({ undone, kept, clients }: MemberState): AgentReply => ({
  undone,
  kept: Array.from(kept, digit => digit === '1'),
  clients,
})

/** A level has changes if any member has changes in it. */
function joined(replies: readonly AgentReply[]): AgentReply {
  const levels = Math.max(0, ...replies.map(({ kept = [] }) => kept.length))
  return {
    undone: replies.reduce((total, { undone = 0 }) => total + undone, 0),
    kept: Array.from({ length: levels }, (_, level) => replies.some(({ kept = [] }) => kept[level] === true)),
    clients: replies.some(({ clients }) => clients === true),
  }
}
