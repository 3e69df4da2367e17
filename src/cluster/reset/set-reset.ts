import type { AgentReply } from '../../isolation/server.ts'
import { beginWithSameData } from '../same-data.ts'
import { LevelOpening } from './level-opening.ts'
import { LowerLevels } from './lower-levels.ts'
import { LoweredQuorum } from './lowered-quorum.ts'
import { LostMember, type MemberAgent, type Return } from './member-agent.ts'
import type { MemberState } from './member-state.ts'
import { clockOf, join, kill, startNewcomer } from './newcomers.ts'
import type { SetContext } from './set-context.ts'
import { SetLeader } from './set-leader.ts'
import { type Look, type Undone, type UndoTerms, undoTogether } from './set-undo.ts'

/** A leader that loses an election so often during its undo is replaced. */
const mostOvertakes = 3

/**
 * Brings a replica set, or an instance that replicates with no other, back to an earlier state. Members that cannot go back
 * get new processes. If the others cannot undo their changes without them, all members do.
 */
export class SetReset {
  #members: readonly MemberAgent[]
  readonly #context: SetContext
  readonly #lower = new LowerLevels()
  readonly #leader: SetLeader
  readonly #quorum = new LoweredQuorum()
  readonly #opening: LevelOpening
  /** The members of the set have changed in the level that is undone. */
  #haveChanged = false
  /** The members that the latest reset has replaced, with the reasons. */
  #replaced: string[] = []

  constructor(members: readonly MemberAgent[], context: SetContext) {
    this.#members = members
    this.#context = context
    this.#leader = new SetLeader(() => this.members, context)
    this.#opening = new LevelOpening(() => this.members, this.#leader)
  }

  get name(): string {
    return this.#context.name
  }

  /** The members of now, or those of the level to which the set goes back. */
  get members(): readonly MemberAgent[] {
    return this.#members
  }

  /** From here on, the set has these members. */
  haveMembers(members: readonly MemberAgent[]): void {
    this.#members = members
  }

  /** Opens a level on top of the others: nothing is undone. @throws LostMember */
  async open(keep: number, way: Return): Promise<AgentReply> {
    const { looks, clients } = await this.#opening.open(keep, way)
    return this.#reply(looks, clients)
  }

  /**
   * Opens a level on top of all others, before hooks run.
   *
   * @param levels the number of the others
   * @throws LostMember
   */
  async nest(levels: number): Promise<AgentReply> {
    const { looks } = await this.#opening.nest(levels)
    return this.#reply(looks)
  }

  /** Leaves all levels as they are. @throws LostMember */
  async stay(keep: number): Promise<AgentReply> {
    const ended = this.members.find(({ hasEnded }) => hasEnded)
    if (ended) throw new LostMember(`instance '${ended.name}' was stopped, killed or restarted`)
    const looks = this.members.map(async member => ({ member, state: await member.look(keep, 'rewind') }))
    return this.#reply(await Promise.all(looks))
  }

  /**
   * @param keep the number of levels that stay, from the lowest on
   * @param options `haveChanged`: the members are others than those of the level on top
   * @throws LostMember if all instances of the cluster have to be replaced
   */
  async goBack(keep: number, way: Return, { haveChanged }: { haveChanged: boolean }): Promise<AgentReply> {
    this.#leader.cut(keep + 1)
    this.#replaced = []
    // Those that were added are gone, and those that were removed get a new process.
    this.#opening.noteMembers()
    this.#haveChanged = haveChanged
    try {
      return await this.#goBackInPlace(keep, way)
    } catch (error) {
      if (!(error instanceof LostMember)) throw error
      return await this.#beginAnew(keep, way, error)
    }
  }

  // ---- Some members may get new processes ----

  async #goBackInPlace(keep: number, way: Return): Promise<AgentReply> {
    const absent = new Map<MemberAgent, string>()
    for (const member of this.members) {
      if (member.hasEnded) absent.set(member, `instance '${member.name}' was stopped, killed or restarted`)
      else if (this.#lower.lacks(keep, member)) absent.set(member, `instance '${member.name}' has begun in this suite`)
    }
    const { looks, hadDisagreed } = await this.#undo(keep, way, absent)
    const there = looks.map(({ member }) => member)
    await this.#subscribeAgain(looks)
    const wasOwned = absent.size > 0 && (await this.#leader.freeQueue(looks))
    for (const [member, why] of absent) {
      await this.#replace(member, why, there, { keep, way })
      there.push(member)
    }
    await this.#quorum.raise(looks.map(({ member }) => member))
    this.#cut(keep, way)
    const reply = this.#reply(looks)
    await this.#leader.restore(looks, hadDisagreed || wasOwned)
    return reply
  }

  // The reason for the stop may be undone by now, or its member has ended. But a stream that has stopped does not go on by
  // itself, not even when that member has a new process.
  async #subscribeAgain(looks: readonly Look[]): Promise<void> {
    const stopped = looks.filter(({ state }) => state.hasStopped)
    if (stopped.length === 0) return
    for (const { member } of stopped) await member.subscribe(looks.length - 1)
    // An elected leader resigns when it loses its streams.
    await this.#leader.find(looks.map(({ member }) => member))
  }

  /** Undoes the changes without some members, to which it adds those that cannot undo theirs. */
  async #undo(keep: number, way: Return, absent: Map<MemberAgent, string>): Promise<Undone> {
    let hadDisagreed = false
    for (let overtakes = 0; ; ) {
      const members = await this.#leave(absent, keep)
      hadDisagreed ||= this.#quorum.isLow
      const makeWritable: UndoTerms['makeWritable'] = async (...now) => await this.#leader.makeWritable(members, ...now)
      const { latest, isOwned } = this.#leader
      const { awaitNews } = SetLeader
      const terms = { members, leader: latest, keep, way, isOwned, hadDisagreed, awaitNews, makeWritable }
      const undone = await undoTogether(terms)
      const { leader, lost, overtaken, isDone } = undone
      hadDisagreed = undone.hadDisagreed
      for (const [member, why] of lost) absent.set(member, why)
      if (overtaken && ++overtakes > mostOvertakes) absent.set(overtaken.member, overtaken.why)
      if (!isDone) continue
      this.#leader.noteLatest(leader)
      if (lost.size > 0) await this.#leave(absent, keep)
      return undone
    }
  }

  /**
   * Ends the processes of members that get new ones: until the others have undone their changes, these would get the
   * changes, too.
   *
   * @returns the others
   * @throws LostMember if the members cannot be replaced
   */
  async #leave(absent: ReadonlyMap<MemberAgent, string>, keep: number): Promise<MemberAgent[]> {
    const others = this.members.filter(member => !absent.has(member))
    const [why] = absent.values()
    if (why !== undefined) {
      const [, ofOwn] = [...absent].find(([member]) => this.#lower.hasOwnBelow(keep, member, this.#terms(keep))) ?? []
      if (others.length === 0) throw new LostMember([...new Set(absent.values())].join(', and '))
      if (ofOwn !== undefined) throw new LostMember(`${ofOwn}, and hooks or tests before had changed state of its own`)
      if (this.#mayWriteAtStart(absent))
        throw new LostMember(`${why}, and there is no template of the seed to replace it`)
      await kill([...absent.keys()])
    } else if (!this.#haveChanged) {
      return others
    }
    await this.#leader.elect(await this.#quorum.fit(others, keep))
    return others
  }

  // Without a template, the application may add rows at each start, as soon as its member is writable.
  #mayWriteAtStart(absent: ReadonlyMap<MemberAgent, string>): boolean {
    const { ofLevels } = this.#leader
    return !this.#context.hasTemplate && (ofLevels.length === 0 || ofLevels.some(leader => absent.has(leader)))
  }

  async #replace(
    member: MemberAgent,
    why: string,
    others: readonly MemberAgent[],
    { keep, way }: { keep: number; way: Return },
  ): Promise<void> {
    const { start, trace } = this.#context
    trace(`replaces instance '${member.name}': ${why}`)
    this.#replaced.push(`instance '${member.name}': ${why}`)
    await startNewcomer(member, others, { why, start, lower: this.#lower, keep, way })
  }

  // ---- All members get new processes ----

  async #beginAnew(keep: number, way: Return, lost: LostMember): Promise<AgentReply> {
    const { name, start, hasTemplate, trace } = this.#context
    if (!hasTemplate || this.#lower.isChangedBelow(keep, this.members, this.#terms(keep))) throw lost
    trace(`replaces all instances of replica set '${name}': ${lost.message}`)
    this.#replaced.push(`all instances of replica set '${name}': ${lost.message}`)
    await kill(this.members)
    this.#quorum.forget()
    try {
      await start(
        this.members.map(member => member.name),
        'of the template',
      )
      await this.#leader.restore([], false)
      await beginWithSameData(instancesOf(this.members))
      const clock = await clockOf(this.members)
      await Promise.all(this.members.map(member => join(member, clock, { lower: this.#lower, keep, way })))
    } catch (error) {
      const why = (error as Error).message.split('\n')[0] ?? ''
      throw new LostMember(`${lost.message}, and replica set '${name}' could not be replaced: ${why}`)
    }
    this.#cut(keep, way)
    return this.#reply([], true)
  }

  // ---- Levels ----

  #terms(keep: number): { compares: boolean } {
    return { compares: this.#context.isConfigChangedBelow(keep) }
  }

  // After a `rewind`, the highest level that stays may change again.
  #cut(keep: number, way: Return): void {
    this.#lower.cut(way === 'rewind' ? Math.max(0, keep - 1) : keep)
  }

  #reply(looks: readonly Look[], clients = looks.some(({ state }) => state.clients)): AgentReply {
    for (const { member, state } of looks) this.#lower.note(member, state)
    const replaced = this.#replaced.length > 0 ? { replaced: this.#replaced } : {}
    return { undone: sum(looks.map(({ state }) => state)), kept: [...this.#lower.kept], clients, ...replaced }
  }
}

const sum = (states: readonly MemberState[]): number => states.reduce((total, { undone }) => total + undone, 0)

const instancesOf = (members: readonly MemberAgent[]): MemberAgent['instance'][] =>
  members.map(({ instance }) => instance)
