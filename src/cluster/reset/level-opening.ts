import type { MemberAgent, Return } from './member-agent.ts'
import { SetLeader } from './set-leader.ts'
import type { Look } from './set-undo.ts'
import { shareSequences } from './shared-sequences.ts'

/** The members of a replica set after a level was opened. */
export interface Opened {
  readonly looks: readonly Look[]
  /** Clients were connected before. */
  readonly clients?: boolean
}

/** Opens levels on top of others, on all members of a replica set. */
export class LevelOpening {
  readonly #members: () => readonly MemberAgent[]
  readonly #leader: SetLeader
  /** The members that have all levels. */
  #taught: readonly MemberAgent[]

  /** @param members tells the members of now */
  constructor(members: () => readonly MemberAgent[], leader: SetLeader) {
    this.#members = members
    this.#leader = leader
    this.#taught = members()
  }

  /** From here on, the members of now have all levels. */
  noteMembers(): void {
    this.#taught = this.#members()
  }

  /** Opens a level before a test. @throws LostMember */
  async open(keep: number, way: Return): Promise<Opened> {
    const { looks, clock } = await this.#prepare(keep)
    const clients = looks.some(({ state }) => state.clients)
    return { looks: await lookOf(this.#members(), member => member.lead(keep, way, clock)), clients }
  }

  /**
   * Opens a level before hooks run.
   *
   * @param levels the number of the others
   * @throws LostMember
   */
  async nest(levels: number): Promise<Opened> {
    const { clock } = await this.#prepare(levels)
    return { looks: await lookOf(this.#members(), member => member.stack(clock)) }
  }

  /**
   * A level begins with one leader, and with the same values of sequences on all members. Rows that are on their way to a
   * member belong to the levels below: all members wait for the clock.
   */
  async #prepare(levels: number): Promise<{ looks: readonly Look[]; clock: string }> {
    const looks = await this.#lookAfterElection()
    const clock = await shareSequences(looks, this.#leader.open(levels, looks))
    // Members that were added since the level on top was opened get as many levels as the others.
    const added = this.#members().filter(member => !this.#taught.includes(member))
    await Promise.all(added.map(member => member.raise(levels, clock)))
    this.noteMembers()
    return { looks, clock }
  }

  async #lookAfterElection(): Promise<readonly Look[]> {
    const look = async (): Promise<readonly Look[]> => {
      return await lookOf(this.#members(), member => member.now({ sequences: true }))
    }
    const looks = await look()
    if (!SetLeader.isBeingElected(looks)) return looks
    await this.#leader.find(this.#members())
    return await look()
  }
}

async function lookOf(
  members: readonly MemberAgent[],
  operation: (member: MemberAgent) => Promise<Look['state']>,
): Promise<readonly Look[]> {
  return await Promise.all(members.map(async member => ({ member, state: await operation(member) })))
}
