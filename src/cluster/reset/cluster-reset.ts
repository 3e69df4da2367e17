import type { TarantoolInstance } from '../../instance/instance.ts'
import type { AgentOperation, AgentReply, MemberState, RequestsUnderWay } from '../../isolation/server.ts'
import type { ClusterInstances } from '../instances.ts'
import type { ClusterSource } from '../source.ts'
import { ConfigLevels } from './config-levels.ts'
import { LostMember, MemberAgent, type Return } from './member-agent.ts'
import { SetReset } from './set-reset.ts'

/** Gives instances new processes on the same addresses, with the data that the cluster began with. */
export type ReplaceInstances = (names: readonly string[]) => Promise<void>

/** The inputs of a reset, besides the instances. */
export interface ResetContext {
  readonly source: ClusterSource
  /** The instance that leads each replica set at the beginning. */
  readonly leaders: ReadonlyMap<string, TarantoolInstance>
  /** Undefined if the cluster has no template. */
  readonly replace: ReplaceInstances | undefined
}

/** Brings the running instances of a cluster back to an earlier state. Answers as the agent of one server does. */
export class ClusterReset {
  readonly #instances: ClusterInstances
  readonly #members: readonly MemberAgent[]
  readonly #sets: readonly SetReset[]
  readonly #configs: ConfigLevels
  /** The processes whose changes are recorded from the beginning on. */
  readonly #pids: Map<TarantoolInstance, number | undefined>
  readonly #replace: ReplaceInstances | undefined
  /** Hooks have changes that a new process would not have. */
  #hooksChanged = false
  /** The number of levels that are open. */
  #levels = 1

  constructor(instances: ClusterInstances, { source, leaders, replace }: ResetContext) {
    this.#instances = instances
    this.#configs = new ConfigLevels(source, instances)
    this.#replace = replace
    const agents = new Map([...instances.byName].map(([name, instance]) => [name, new MemberAgent(name, instance)]))
    this.#members = [...agents.values()]
    this.#sets = Object.entries(instances.replicasets).map(([replicaset, names]) => {
      const members = names.flatMap(name => agents.get(name) ?? [])
      const leader = members.find(({ instance }) => instance === leaders.get(replicaset))
      return new SetReset(members, { leader, timeout: source.shared.timeout })
    })
    this.#pids = new Map(instances.all.map(instance => [instance, instance.pid]))
  }

  /**
   * Does what an operation of the agent does, on all instances.
   *
   * @param keep the number of levels that stay, from the lowest on
   * @returns `lost` with the reason, if the cluster cannot be brought back in place
   */
  async ask(operation: AgentOperation, keep: number): Promise<AgentReply> {
    if (this.#instances.byName.size !== this.#pids.size) return { lost: 'an instance was added or removed' }
    const gone = this.#gone()
    if (operation === 'dirty') return { dirty: gone.length > 0 || this.#configs.isChanged || (await this.#isDirty()) }
    try {
      if (gone.length > 0) return await this.#goBackWithout(gone, operation, keep)
      if (operation === 'digest') return { digest: await this.#digest() }
      if (operation === 'requests') return { requests: await this.#requests() }
      if (operation === 'nest') return await this.#nest()
      const reply = await this.#goBack(operation as Return, keep)
      await this.#leadAgain()
      return reply
    } catch (error) {
      if (error instanceof LostMember) return { lost: error.message }
      throw error
    }
  }

  async #goBack(way: Return, keep: number, gone: readonly MemberAgent[] = []): Promise<AgentReply> {
    const isOnTop = way !== 'rewind' && keep >= this.#levels
    if (isOnTop) this.#configs.open(keep)
    else await this.#configs.goBack(keep)
    const states = await Promise.all(
      this.#sets.map(set => (isOnTop ? set.open(keep, way) : set.goBack(keep, way, gone))),
    )
    if (way === 'rewind') this.#levels = Math.max(1, Math.min(keep, this.#levels))
    else this.#levels = Math.min(keep, this.#levels) + 1
    const reply = joined(states.flat().map(replyOf))
    this.#hooksChanged = reply.kept?.includes(true) === true
    return reply
  }

  /** Undoes the changes of the other instances, then gives these new processes with the data of the beginning. */
  async #goBackWithout(gone: readonly MemberAgent[], operation: AgentOperation, keep: number): Promise<AgentReply> {
    const names = gone.map(({ name }) => name)
    const what = `${names.map(name => `instance '${name}'`).join(', ')} was stopped, killed or restarted`
    const isReturn = operation === 'rewind' || operation.startsWith('enter')
    const isOnTop = operation !== 'rewind' && keep >= this.#levels
    // Members that fetch the rows since the template from each other could take the other's old data for all data.
    const isAlone = this.#sets.every(set => set.countOf(gone) <= 1)
    if (!this.#replace || !isReturn || isOnTop || this.#hooksChanged || !isAlone) return { lost: what }
    const way = operation as Return
    // Until the others have undone their changes, a new process would get the changes, too.
    await this.#instances.kill(names)
    const reply = await this.#goBack(way, keep, gone)
    await this.#startAgain(names, gone).catch((error: Error) => {
      throw new LostMember(`${what}, and its replacement failed: ${error.message.split('\n')[0] ?? ''}`)
    })
    for (const name of names) {
      const instance = this.#instances.byName.get(name)
      if (instance) this.#pids.set(instance, instance.pid)
    }
    await Promise.all(this.#sets.map(set => set.join(keep, way, gone)))
    await this.#leadAgain()
    return reply
  }

  async #leadAgain(): Promise<void> {
    await Promise.all(this.#sets.map(set => set.leadAgain()))
  }

  // Rows that others have come by since the template may arrive after the application's start, and fire its triggers. So
  // the instance starts again once it has them.
  async #startAgain(names: readonly string[], gone: readonly MemberAgent[]): Promise<void> {
    await this.#replace?.(names)
    const late = (await Promise.all(this.#sets.map(set => set.catchUp(gone)))).flat().map(({ name }) => name)
    await this.#instances.kill(late)
    await Promise.all(late.map(name => this.#instances.byName.get(name)?.start({ recreate: false })))
  }

  async #nest(): Promise<AgentReply> {
    const replies = await Promise.all(this.#members.map(member => member.ask('nest', 0)))
    this.#levels++
    return joined(replies)
  }

  /** The instances whose processes have ended, or are others now. */
  #gone(): MemberAgent[] {
    return this.#members.filter(({ name }) => {
      const instance = this.#instances.byName.get(name)
      return !instance?.isRunning || this.#pids.get(instance) !== instance.pid
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
