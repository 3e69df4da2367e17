import { LostMember, type MemberAgent, type Return } from './member-agent.ts'
import { joinClocks } from './vector-clock.ts'

/**
 * Starts instances that have ended, on the same addresses. They begin with the data that the cluster began with, or with
 * empty directories: then they get all data from the others.
 */
export type StartAgain = (names: readonly string[], options?: { isEmpty?: boolean }) => Promise<void>

/** Ends the process of a member. It is not asked to stop. */
export async function kill(members: readonly MemberAgent[]): Promise<void> {
  await Promise.all(members.map(({ instance }) => instance.kill({ cleanup: false })))
}

/** The data of all these members, as a vector clock. @throws LostMember */
export async function clockOf(members: readonly MemberAgent[]): Promise<string> {
  const states = await Promise.all(members.map(member => member.now()))
  return joinClocks(states.map(state => state.clock))
}

/**
 * Gives a member that has ended a new process. It begins with the data of the template, and fetches the rows that others
 * have come by since.
 *
 * @param others the members that have undone their changes
 * @param terms `why`: the reason; `isEmpty`: it begins without the template, and gets all data from the others; `startsOnce`:
 *   its application runs once, as when the member was added
 * @throws LostMember
 */
export async function startNewcomer(
  member: MemberAgent,
  others: readonly MemberAgent[],
  {
    why,
    start,
    isEmpty,
    startsOnce,
    keep,
    way,
  }: { why: string; start: StartAgain; isEmpty: boolean; startsOnce: boolean; keep: number; way: Return },
): Promise<void> {
  await withReason(why, async () => {
    // It would not fetch rows of its former process that the others do not tell about.
    await Promise.all(others.map(other => other.announce()))
    await start([member.name], { isEmpty })
    if (!startsOnce) {
      // Rows may arrive after the application's start, and fire its triggers. So the instance starts again once it has them.
      await member.hide(await clockOf(others))
      await kill([member])
      await member.instance.start({ recreate: false })
    }
    await member.join(keep, way, await clockOf(others))
  })
  member.noteProcess()
}

async function withReason(lost: string, start: () => Promise<void>): Promise<void> {
  try {
    await start()
  } catch (error) {
    const why = (error as Error).message.split('\n')[0] ?? ''
    throw new LostMember(`${lost}, and its replacement failed: ${why}`)
  }
}
