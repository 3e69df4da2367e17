import { agree, awaitNews, callElection, electAgain, findAgreedLeader } from '../leaders.ts'
import { claimQueue, freeQueue, isQueueOwned } from '../synchronous-queue.ts'
import { LostMember, type MemberAgent } from './member-agent.ts'
import { haveSameOwner, haveSameView, type Look, takePart } from './set-undo.ts'
import { joinClocks } from './vector-clock.ts'

// In milliseconds.
const longestElection = 5000

// The same for an election that has begun, and that no member takes part in any more.
const longestEnd = 1000

// A member whose disk is busy learns of it late.
const longestNews = 5000

/** The leader of a replica set at its beginning. */
export interface FirstLeader {
  readonly leader: MemberAgent | undefined
  /** The queue of synchronous transactions has an owner. */
  readonly isOwned: boolean
  /** The longest time of an election, in milliseconds. */
  readonly timeout: number
}

/** Knows which member led a replica set when each level was opened, and lets that member lead again. */
export class SetLeader {
  readonly #members: () => readonly MemberAgent[]
  readonly #timeout: number
  /** The member that was writable when it was last seen. */
  #latest: MemberAgent | undefined
  /** The member that led when a level was opened, by the number of the level. `null`: no member was writable. */
  #leaders: (MemberAgent | null | undefined)[]
  /** The queue of synchronous transactions had an owner when a level was opened, by the number of the level. */
  #owned: boolean[]

  /** @param members tells the members of now */
  constructor(members: () => readonly MemberAgent[], { leader, isOwned, timeout }: FirstLeader) {
    this.#members = members
    this.#timeout = timeout
    this.#latest = leader
    this.#leaders = [leader]
    this.#owned = [isOwned]
  }

  get latest(): MemberAgent | undefined {
    return this.#members().find(member => member === this.#latest)
  }

  /** The members that led when the levels were opened. */
  get ofLevels(): readonly MemberAgent[] {
    return this.#leaders.flatMap(member => member ?? [])
  }

  /** The queue of synchronous transactions had an owner when the level on top was opened. */
  get isOwned(): boolean {
    return this.#owned.at(-1) === true
  }

  /** The levels above these are not there. */
  cut(levels: number): void {
    this.#leaders = this.#leaders.slice(0, levels)
    this.#owned = this.#owned.slice(0, levels)
  }

  /** A member was writable. */
  noteLatest(leader: MemberAgent | undefined): void {
    this.#latest = this.latest ?? leader
  }

  /** True if an election is under way: until it ends, nobody knows who leads, and which data is there. */
  static isBeingElected(looks: readonly Look[]): boolean {
    return takePart(looks) && !(haveSameView(looks) && looks.some(({ state }) => !state.ro))
  }

  /** Waits until members know of the latest election, and of the owner of the queue of synchronous transactions. */
  static async awaitNews(members: readonly MemberAgent[]): Promise<void> {
    await awaitNews(instancesOf(members), longestNews)
  }

  /** A level is opened. Returns the writable member. */
  open(level: number, looks: readonly Look[]): MemberAgent | undefined {
    const writable = looks.find(({ state }) => !state.ro)?.member
    this.noteLatest(writable)
    this.cut(level)
    this.#leaders[level] = writable ?? null
    this.#owned[level] = looks.some(({ state }) => state.owner !== undefined)
    return writable
  }

  /** Waits for an election that is under way. */
  async find(
    members: readonly MemberAgent[],
    timeout: number = this.#longestElection,
  ): Promise<MemberAgent | undefined> {
    const leader = await findAgreedLeader(instancesOf(members), timeout)
    return members.find(({ instance }) => instance === leader)
  }

  /**
   * Lets the members that are left elect a leader at once, if none of them leads. They notice the end of a leader some time
   * later. And Tarantool 2.11 may wait in vain for a member that has ended together with the leader.
   */
  async elect(looks: readonly Look[]): Promise<void> {
    if (!takePart(looks)) return
    if (looks.every(({ state }) => state.ro)) {
      const clock = joinClocks(looks.map(({ state }) => state.clock))
      // The others do not vote for a member with less data than they have.
      const best = looks.find(({ state }) => state.clock === clock) ?? looks[0]
      // Without it, they elect one a little later.
      if (best) await callElection(best.member.instance).catch(() => {})
    }
    await this.find(looks.map(({ member }) => member))
  }

  /** Makes a member able to write, if only an election or synchronous transactions keep all of them from it. */
  async makeWritable(
    members: readonly MemberAgent[],
    latest: MemberAgent,
    looks: readonly Look[],
    hadDisagreed: boolean,
  ): Promise<MemberAgent | undefined> {
    const isElected = takePart(looks)
    if (!isElected && (hadDisagreed || !haveSameOwner(looks))) await awaitNews(instancesOf(members), longestNews)
    const terms = { timeout: this.#longestElection, isOwned: this.isOwned, patience: longestEnd }
    await claimQueue(latest.instance, terms).catch(() => {})
    // Without an election, there is nothing more to wait for.
    return await this.find(members, isElected ? this.#longestElection : 0)
  }

  /**
   * Lets nobody own the queue of synchronous transactions while members begin anew. Tarantool gives a newcomer the latest
   * confirmed change of the owner as that of nobody. When nobody owns the queue later, the others refuse a
   * `box.ctl.promote()` of the newcomer: split brain.
   *
   * @returns true if a member owned the queue
   */
  async freeQueue(looks: readonly Look[]): Promise<boolean> {
    const member = looks.find(({ member }) => member === this.latest)?.member ?? looks[0]?.member
    if (!member || takePart(looks)) return false
    // The newcomers can be used, too, if the others do not confirm it.
    return await freeQueue(member.instance, this.#longestElection).catch(() => true)
  }

  /**
   * Lets the leader of the level on top lead again, if a test has moved it. Then the queue of synchronous transactions has
   * its former owner, and all members that take part in elections know that.
   *
   * @param looks the latest states of the members that have not begun anew
   * @param hadDisagreed options of elections or of the quorum were put back
   * @throws LostMember
   */
  async restore(looks: readonly Look[], hadDisagreed: boolean): Promise<void> {
    const wanted = this.#leaders.findLast(member => member !== undefined)
    if (!wanted || (await this.#leads(wanted, looks, hadDisagreed))) return
    const why = `instance '${wanted.name}' leads no longer`
    const terms = { timeout: this.#timeout, isOwned: this.isOwned }
    const elected = electAgain(wanted.instance, instancesOf(this.#members()), terms)
    const isElected = await elected.catch((error: unknown) => {
      throw new LostMember(`${why}: ${(error as Error).message.split('\n')[0]}`)
    })
    if (!isElected) throw new LostMember(why)
    this.#latest = wanted
  }

  async #leads(wanted: MemberAgent, looks: readonly Look[], hadDisagreed: boolean): Promise<boolean> {
    const end = looks.find(({ member }) => member === wanted)?.state
    if (end?.ro !== false || !haveSameView(looks)) return false
    const members = instancesOf(this.#members())
    if (takePart(looks)) {
      // A newcomer has told nothing yet.
      const isTold = looks.length === members.length && !hadDisagreed
      return isTold || (await agree(wanted.instance, members))
    }
    if (!hadDisagreed) return (end.owner !== undefined) === this.isOwned
    await awaitNews(members, longestNews)
    return (await agree(wanted.instance, members)) && (await isQueueOwned(wanted.instance)) === this.isOwned
  }

  get #longestElection(): number {
    return Math.min(this.#timeout, longestElection)
  }
}

const instancesOf = (members: readonly MemberAgent[]): MemberAgent['instance'][] =>
  members.map(({ instance }) => instance)
