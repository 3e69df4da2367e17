import { LostMember, type MemberAgent } from './member-agent.ts'
import type { Look } from './set-undo.ts'
import { joinClocks } from './vector-clock.ts'

/**
 * Gives all members the leader's values of sequences. A transaction that is rolled back, or an attempt of a read-only
 * member, advances a sequence on one member only. A newcomer in its place would have another value.
 *
 * @param looks the states of all members, with the digests of their sequences
 * @returns the vector clock of all data
 */
export async function shareSequences(looks: readonly Look[], leader: MemberAgent | undefined): Promise<string> {
  const clock = joinClocks(looks.map(({ state }) => state.clock))
  const digests = new Set(looks.map(({ state }) => state.digestOfSequences))
  if (!leader || digests.size === 1) return clock
  try {
    return (await leader.number(clock)).clock
  } catch (error) {
    // The next reset finds what the member has lost.
    if (error instanceof LostMember) return clock
    throw error
  }
}
