import type { AgentReply } from '../../isolation/server.ts'
import type { Trace } from '../../trace.ts'
import { agree, claimQueue, electAgain, findAgreedLeader } from '../leaders.ts'
import { settle } from '../settle.ts'
import { LowerLevels } from './lower-levels.ts'
import { LostMember, type MemberAgent, type Return } from './member-agent.ts'
import type { MemberState } from './member-state.ts'
import { clockOf, kill, type StartFromTemplate, startNewcomer } from './newcomers.ts'
import { haveSameView, type Look, undoTogether } from './set-undo.ts'
import { joinClocks } from './vector-clock.ts'

// In milliseconds.
const longestElection = 5000

/** The inputs of a replica set's reset, besides its members. */
export interface SetContext {
  readonly name: string
  /** The member that leads at the beginning. */
  readonly leader: MemberAgent | undefined
  /** In milliseconds. */
  readonly timeout: number
  /** Undefined if the cluster has no template. */
  readonly start: StartFromTemplate | undefined
  readonly trace: Trace
}

/**
 * Brings a replica set, or an instance that replicates with no other, back to an earlier state. Members that cannot go back
 * get new processes. If the others cannot undo their changes without them, all members do.
 */
export class SetReset {
  readonly #members: readonly MemberAgent[]
  readonly #context: SetContext
  readonly #lower = new LowerLevels()
  /** The member that was writable when it was last seen. */
  #leader: MemberAgent | undefined
  /** The member that led when a level was opened, by the number of the level. `null`: no member was writable. */
  #leaders: (MemberAgent | null | undefined)[]

  constructor(members: readonly MemberAgent[], context: SetContext) {
    this.#members = members
    this.#context = context
    this.#leader = context.leader
    this.#leaders = [context.leader]
  }

  /** Opens a level on top of the others: nothing is undone. @throws LostMember */
  async open(keep: number, way: Return): Promise<AgentReply> {
    const looks = await Promise.all(this.#members.map(async member => ({ member, state: await member.now() })))
    await this.#noteLeader(looks, keep)
    // Rows that are on their way to a member belong to the levels below.
    const clock = joinClocks(looks.map(({ state }) => state.clock))
    const clients = looks.some(({ state }) => state.clients)
    const opened = this.#members.map(async member => ({ member, state: await member.lead(keep, way, clock) }))
    return this.#reply(await Promise.all(opened), clients)
  }

  /** Opens a level on top of all others. @throws LostMember */
  async nest(): Promise<AgentReply> {
    await Promise.all(this.#members.map(member => member.ask('nest', 0)))
    const looks = this.#members.map(async member => ({ member, state: await member.now() }))
    return this.#reply(await Promise.all(looks))
  }

  /** Leaves all levels as they are. @throws LostMember */
  async stay(keep: number): Promise<AgentReply> {
    const ended = this.#members.find(({ hasEnded }) => hasEnded)
    if (ended) throw new LostMember(`instance '${ended.name}' was stopped, killed or restarted`)
    const looks = this.#members.map(async member => ({ member, state: await member.look(keep, 'rewind') }))
    return this.#reply(await Promise.all(looks))
  }

  /**
   * @param keep the number of levels that stay, from the lowest on
   * @throws LostMember if all instances of the cluster have to be replaced
   */
  async goBack(keep: number, way: Return): Promise<AgentReply> {
    this.#leaders = this.#leaders.slice(0, keep + 1)
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
    for (const member of this.#members) {
      if (member.hasEnded) absent.set(member, `instance '${member.name}' was stopped, killed or restarted`)
      else if (this.#lower.lacks(keep, member)) absent.set(member, `instance '${member.name}' has begun in this suite`)
    }
    const looks = await this.#undo(keep, way, absent)
    const there = looks.map(({ member }) => member)
    for (const [member, why] of absent) {
      await this.#replace(member, why, there, { keep, way })
      there.push(member)
    }
    this.#cut(keep, way)
    const reply = this.#reply(looks)
    const wanted = this.#wantedLeader
    if (wanted && !(await this.#leads(wanted, looks))) await this.#leadAgain(wanted)
    return reply
  }

  /** Undoes the changes without some members, to which it adds those that cannot undo theirs. */
  async #undo(keep: number, way: Return, absent: Map<MemberAgent, string>): Promise<readonly Look[]> {
    for (;;) {
      const members = await this.#leave(absent, keep)
      const makeWritable = async (latest: MemberAgent): Promise<MemberAgent | undefined> => {
        await claimQueue(latest.instance, this.#longestElection).catch(() => {})
        return await this.#findLeader(members)
      }
      const terms = { members, leader: this.#leader, keep, way, makeWritable }
      const { looks, leader, lost, isDone } = await undoTogether(terms)
      for (const [member, why] of lost) absent.set(member, why)
      if (!isDone) continue
      this.#leader ??= leader
      if (lost.size > 0) await this.#leave(absent, keep)
      return looks
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
    const others = this.#members.filter(member => !absent.has(member))
    const [why] = absent.values()
    if (why === undefined) return others
    const isOwn = [...absent.keys()].some(member => this.#lower.hasOwnBelow(keep, member))
    if (isOwn || others.length === 0 || !this.#context.start) throw new LostMember(why)
    await kill([...absent.keys()])
    await Promise.all(others.map(member => member.part(others.length - 1)))
    await this.#findLeader(others)
    return others
  }

  async #replace(
    member: MemberAgent,
    why: string,
    others: readonly MemberAgent[],
    { keep, way }: { keep: number; way: Return },
  ): Promise<void> {
    const { start, trace } = this.#context
    if (!start) throw new LostMember(why)
    trace(`replaces instance '${member.name}': ${why}`)
    await startNewcomer(member, others, { why, start, keep, way })
    this.#lower.begin(member, keep)
  }

  // ---- All members get new processes ----

  async #beginAnew(keep: number, way: Return, lost: LostMember): Promise<AgentReply> {
    const { name, start, trace } = this.#context
    if (!start || this.#lower.isChangedBelow(keep)) throw lost
    trace(`replaces all instances of replica set '${name}': ${lost.message}`)
    await kill(this.#members)
    try {
      await start(this.#members.map(member => member.name))
      const wanted = this.#wantedLeader
      if (wanted) await this.#leadAgain(wanted)
      await settle(instancesOf(this.#members))
      const clock = await clockOf(this.#members)
      await Promise.all(this.#members.map(member => member.join(keep, way, clock)))
    } catch (error) {
      const why = (error as Error).message.split('\n')[0] ?? ''
      throw new LostMember(`${lost.message}, and replica set '${name}' could not be replaced: ${why}`)
    }
    for (const member of this.#members) {
      member.noteProcess()
      this.#lower.begin(member, keep)
    }
    this.#cut(keep, way)
    return this.#reply([], true)
  }

  // ---- The leader ----

  get #wantedLeader(): MemberAgent | undefined {
    return this.#leaders.findLast(member => member !== undefined) ?? undefined
  }

  async #noteLeader(looks: readonly Look[], level: number): Promise<void> {
    const isElected = looks.some(({ state }) => state.view !== undefined)
    const known = looks.find(({ state }) => !state.ro)?.member
    const writable = known ?? (isElected ? await this.#findLeader(this.#members) : undefined)
    this.#leader ??= writable
    this.#leaders = this.#leaders.slice(0, level)
    this.#leaders[level] = writable ?? null
  }

  get #longestElection(): number {
    return Math.min(this.#context.timeout, longestElection)
  }

  /** Waits for an election that is under way. */
  async #findLeader(members: readonly MemberAgent[]): Promise<MemberAgent | undefined> {
    // With fewer members, there is no election.
    if (members.length <= this.#members.length / 2) return undefined
    const leader = await findAgreedLeader(instancesOf(members), this.#longestElection)
    return members.find(({ instance }) => instance === leader)
  }

  /** True if a member is writable, and all members that take part in elections know that. */
  async #leads(wanted: MemberAgent, looks: readonly Look[]): Promise<boolean> {
    if (looks.find(({ member }) => member === wanted)?.state.ro !== false) return false
    if (!haveSameView(looks)) return false
    // A newcomer has told nothing yet.
    const isComplete = looks.length === this.#members.length || looks.every(({ state }) => state.view === undefined)
    return isComplete || (await agree(wanted.instance, instancesOf(this.#members)))
  }

  /** Lets the leader of the level lead again, if a test made the members elect another one. @throws LostMember */
  async #leadAgain(wanted: MemberAgent): Promise<void> {
    const why = `instance '${wanted.name}' leads no longer`
    const elected = electAgain(wanted.instance, instancesOf(this.#members), this.#context.timeout)
    const isElected = await elected.catch((error: unknown) => {
      throw new LostMember(`${why}: ${(error as Error).message.split('\n')[0]}`)
    })
    if (!isElected) throw new LostMember(why)
    this.#leader = wanted
  }

  // ---- Levels ----

  // After a `rewind`, the highest level that stays may change again.
  #cut(keep: number, way: Return): void {
    this.#lower.cut(way === 'rewind' ? Math.max(0, keep - 1) : keep)
  }

  #reply(looks: readonly Look[], clients = looks.some(({ state }) => state.clients)): AgentReply {
    for (const { member, state } of looks) this.#lower.note(member, state)
    return { undone: sum(looks.map(({ state }) => state)), kept: [...this.#lower.kept], clients }
  }
}

const sum = (states: readonly MemberState[]): number => states.reduce((total, { undone }) => total + undone, 0)

const instancesOf = (members: readonly MemberAgent[]): MemberAgent['instance'][] =>
  members.map(({ instance }) => instance)
