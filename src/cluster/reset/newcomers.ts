import { startBeside } from '../start-beside.ts'
import type { LowerLevels } from './lower-levels.ts'
import { LostMember, type MemberAgent, type Return } from './member-agent.ts'
import { joinClocks } from './vector-clock.ts'

/**
 * Starts instances that have ended, on the same addresses. They begin with the data that the cluster began with, or with
 * empty directories: then they get all data from the others.
 */
export type StartAgain = (names: readonly string[], data: 'of the template' | 'of the others') => Promise<void>

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
 * Gives a member that has ended a new process, which gets all data from the others. With the data of the template, it would
 * lack rows that the others may have removed from their logs. And Tarantool before 2.10.6 crashes sooner or later after a
 * member has come back with less data than it had.
 *
 * @param others the members that have undone their changes
 * @param terms `why`: the reason; `lower`: the levels that the new process has to begin with
 * @throws LostMember
 */
export async function startNewcomer(
  member: MemberAgent,
  others: readonly MemberAgent[],
  { why, start, lower, keep, way }: NewcomerTerms,
): Promise<void> {
  await withReason(why, async () => {
    const instances = others.map(({ instance }) => instance)
    await startBeside(instances, member.instance, async () => await start([member.name], 'of the others'))
    await join(member, await clockOf(others), { lower, keep, way })
  })
}

/** How a new process of a member begins. */
export interface JoinTerms {
  readonly lower: LowerLevels
  /** The number of levels that stay, from the lowest on. */
  readonly keep: number
  readonly way: Return
}

interface NewcomerTerms extends JoinTerms {
  readonly why: string
  readonly start: StartAgain
}

/** A new process has the data of a vector clock, and its state becomes that of all levels. @throws LostMember */
export async function join(member: MemberAgent, clock: string, { lower, keep, way }: JoinTerms): Promise<void> {
  const { comparable } = await member.join(keep, way, clock)
  if (!lower.beginsAs(keep, member, comparable)) {
    throw new LostMember(`instance '${member.name}' lacks options or global variables that hooks have set`)
  }
  member.noteProcess()
  lower.begin(member, keep)
}

async function withReason(lost: string, start: () => Promise<void>): Promise<void> {
  try {
    await start()
  } catch (error) {
    const why = (error as Error).message.split('\n')[0] ?? ''
    throw new LostMember(`${lost}, and its replacement failed: ${why}`)
  }
}
