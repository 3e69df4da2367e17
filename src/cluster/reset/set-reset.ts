import type { MemberState } from '../../isolation/server.ts'
import { electAgain } from '../leaders.ts'
import { LostMember, type MemberAgent, type Return } from './member-agent.ts'
import { joinClocks } from './vector-clock.ts'

interface Look {
  readonly member: MemberAgent
  readonly state: MemberState
}

/**
 * Undoes the changes of a replica set, or of an instance that replicates with no other. One member undoes what is
 * replicated, and each member its own state.
 */
export class SetReset {
  readonly #members: readonly MemberAgent[]
  readonly #timeout: number
  /** The member that was writable when it was last seen. */
  #leader: MemberAgent | undefined
  /** The member that led when a level was opened, by the number of the level. `null`: no member was writable. */
  #leaders: (MemberAgent | null | undefined)[]
  /** The leader of the level that is open cannot write, although its options are those of the level. */
  #deposed: MemberAgent | undefined

  constructor(
    members: readonly MemberAgent[],
    { leader, timeout }: { leader: MemberAgent | undefined; timeout: number },
  ) {
    this.#members = members
    this.#leader = leader
    this.#leaders = [leader]
    this.#timeout = timeout
  }

  countOf(members: readonly MemberAgent[]): number {
    return this.#members.filter(member => members.includes(member)).length
  }

  /**
   * Opens a level on top of the others: nothing is undone.
   *
   * @returns the state of each member
   * @throws LostMember
   */
  async open(keep: number, way: Return): Promise<MemberState[]> {
    const looks = await Promise.all(this.#members.map(async member => ({ member, state: await member.now() })))
    this.#leader ??= this.#leaderOf(looks)?.member
    this.#leaders = this.#leaders.slice(0, keep)
    this.#leaders[keep] = looks.find(({ state }) => !state.ro)?.member ?? null
    // Rows that are on their way to a member belong to the levels below.
    const clock = joinClocks(looks.map(({ state }) => state.clock))
    const clients = looks.some(({ state }) => state.clients)
    const opened = await Promise.all(this.#members.map(member => member.lead(keep, way, clock)))
    return opened.map(state => ({ ...state, clients }))
  }

  /**
   * @param keep the number of levels that stay, from the lowest on
   * @param gone the members whose processes have ended. The others undo without them
   * @returns the state of each member
   * @throws LostMember
   */
  async goBack(keep: number, way: Return, gone: readonly MemberAgent[] = []): Promise<MemberState[]> {
    const members = this.#members.filter(member => !gone.includes(member))
    if (members.length < this.#members.length) await Promise.all(members.map(member => member.part(members.length - 1)))
    const looks = await Promise.all(members.map(async member => ({ member, state: await member.look(keep, way) })))
    const leader = this.#leaderOf(looks)
    this.#leader ??= leader?.member
    const isEqual = looks.every(({ state }) => state.clock === looks[0]?.state.clock)
    const isDone = isEqual && !looks.some(({ state }) => state.waits)
    if (!isDone && !leader)
      throw new LostMember(`no instance is writable: ${this.#members.map(({ name }) => name).join(', ')}`)
    const ends = isDone || !leader ? looks : await this.#undo(looks, leader, keep, way)
    this.#leaders = this.#leaders.slice(0, keep + 1)
    const wanted = this.#leaders.findLast(member => member !== undefined) ?? undefined
    this.#deposed = ends.find(({ member }) => member === wanted)?.state.ro === false ? undefined : wanted
    return ends.map(({ state }) => state)
  }

  /** Lets the leader of the level lead again, if a test made the members elect another one. @throws LostMember */
  async leadAgain(): Promise<void> {
    if (!this.#deposed) return
    const { name, instance } = this.#deposed
    const members = this.#members.map(member => member.instance)
    const isElected = await electAgain(instance, members, this.#timeout).catch(() => false)
    if (!isElected) throw new LostMember(`instance '${name}' leads no longer`)
    this.#leader = this.#deposed
    this.#deposed = undefined
  }

  async #undo(looks: readonly Look[], leader: Look, keep: number, way: Return): Promise<Look[]> {
    const others = looks.filter(look => look !== leader)
    const clock = joinClocks(looks.map(({ state }) => state.clock))
    // Rows of the undo must not reach an application's triggers. Members that wait have hidden theirs.
    await Promise.all(others.filter(({ state }) => !state.waits).map(({ member }) => member.hide(clock)))
    // A read-only member cannot put back a sequence.
    const rewrites = others.some(({ state }) => state.sequences)
    const led = await leader.member.lead(keep, way, clock, rewrites)
    const followed = await Promise.all(
      others.map(async ({ member }) => ({ member, state: await member.follow(keep, way, led.clock) })),
    )
    const clients = looks.some(({ state }) => state.clients)
    const ends = [{ member: leader.member, state: led }, ...followed]
    return ends.map(({ member, state }) => ({ member, state: { ...state, clients } }))
  }

  /**
   * Lets members with new processes begin: they have the data of the others, which have undone their changes.
   *
   * @throws LostMember
   */
  async join(keep: number, way: Return, newcomers: readonly MemberAgent[]): Promise<void> {
    const joining = this.#members.filter(member => newcomers.includes(member))
    if (joining.length === 0) return
    const clock = await this.#clockWithout(newcomers)
    await Promise.all(joining.map(member => member.join(keep, way, clock)))
  }

  /** Waits until new processes have the data of the others. Returns the members of these. @throws LostMember */
  async catchUp(newcomers: readonly MemberAgent[]): Promise<MemberAgent[]> {
    const joining = this.#members.filter(member => newcomers.includes(member))
    if (joining.length === this.#members.length) return []
    const clock = await this.#clockWithout(newcomers)
    await Promise.all(joining.map(member => member.hide(clock)))
    return joining
  }

  async #clockWithout(newcomers: readonly MemberAgent[]): Promise<string> {
    const others = this.#members.filter(member => !newcomers.includes(member))
    const states = await Promise.all(others.map(member => member.now()))
    return joinClocks(states.map(state => state.clock))
  }

  /**
   * A writable member, or the member that was writable before a test has made it read-only. If that one has ended, any
   * other: a member that is read-only by an option is writable during its undo.
   */
  #leaderOf(looks: readonly Look[]): Look | undefined {
    const known = looks.find(({ member }) => member === this.#leader)
    if (known && !known.state.ro) return known
    return looks.find(({ state }) => !state.ro) ?? known ?? looks[0]
  }
}
