import type { MemberAgent } from './member-agent.ts'
import { SetLeader } from './set-leader.ts'
import type { Look } from './set-undo.ts'

/**
 * Lets the members that are left in a replica set elect a leader and confirm transactions, even if they are fewer than the
 * quorum. Members that have ended are registered until the undo, so they count there, too.
 */
export class LoweredQuorum {
  #members: readonly MemberAgent[] = []

  /** True if the quorum is lower than the level wants. */
  get isLow(): boolean {
    return this.#members.length > 0
  }

  /**
   * Waits until no rows of members that have ended arrive, and lowers the quorum if the others need it.
   *
   * @param members those that are left
   * @param keep the number of levels that stay
   * @returns the states of these members
   * @throws LostMember
   */
  async fit(members: readonly MemberAgent[], keep: number): Promise<readonly Look[]> {
    const asked = members.map(async member => ({ member, state: await member.part(keep, members.length - 1) }))
    const looks = await Promise.all(asked)
    if (!looks.some(({ state }) => state.areFew)) return looks
    // A former owner of the synchronous queue confirms its transactions as soon as the quorum is low. It must know before
    // that another member owns the queue.
    await SetLeader.awaitNews(members)
    this.#members = members
    await Promise.all(members.map(member => member.lowerQuorum(keep, members.length)))
    return looks
  }

  /** Puts back the quorum on those of the members that have a lower one. @throws LostMember */
  async raise(members: readonly MemberAgent[]): Promise<void> {
    const low = this.#members.filter(member => members.includes(member))
    this.#members = []
    await Promise.all(low.map(member => member.raiseQuorum()))
  }

  /** All members have begun anew. */
  forget(): void {
    this.#members = []
  }
}
