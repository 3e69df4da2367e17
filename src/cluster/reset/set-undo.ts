import { LostMember, type MemberAgent, type Return } from './member-agent.ts'
import type { MemberState } from './member-state.ts'
import { refusedMember } from './refused-member.ts'
import { joinClocks } from './vector-clock.ts'

/** A member, and its latest state. */
export interface Look {
  readonly member: MemberAgent
  readonly state: MemberState
}

/** The answers of members to one operation. */
interface Answers {
  readonly looks: Look[]
  readonly lost: Map<MemberAgent, string>
}

/** The members that undo their changes together, and the state that they go back to. */
export interface UndoTerms {
  readonly members: readonly MemberAgent[]
  /** The member that undoes what is replicated, if it is one of these, and no other is writable. */
  readonly leader: MemberAgent | undefined
  /** The number of levels that stay, from the lowest on. */
  readonly keep: number
  readonly way: Return
  /** A member owns the queue of synchronous transactions, to which the undo may write. */
  readonly isOwned: boolean
  /** Members disagreed in an earlier attempt. */
  readonly hadDisagreed: boolean
  /** Waits until the members know the same term and owner of the queue of synchronous transactions. */
  readonly awaitNews: (members: readonly MemberAgent[]) => Promise<void>
  /** Makes a member able to write, if only an election or synchronous transactions keep all of them from it. */
  readonly makeWritable: (
    latest: MemberAgent,
    looks: readonly Look[],
    hadDisagreed: boolean,
  ) => Promise<MemberAgent | undefined>
}

/** The end of an undo. */
export interface Undone {
  readonly looks: readonly Look[]
  readonly leader: MemberAgent | undefined
  /** The members that have not undone their changes, with the reasons. */
  readonly lost: ReadonlyMap<MemberAgent, string>
  /** The leader, if it has lost an election during its undo. It has its records still, so it may follow the next leader. */
  readonly overtaken?: { readonly member: MemberAgent; readonly why: string } | undefined
  /** The undo of what is replicated has reached the members that are not lost. */
  readonly isDone: boolean
  /** Options of elections or of the quorum were put back: an election may begin, or one that has begun may go on. */
  readonly hadDisagreed: boolean
}

/**
 * Undoes the changes of members of a replica set. One of them undoes what is replicated, and each its own state.
 *
 * @throws LostMember if nobody could undo what is replicated
 */
export async function undoTogether(terms: UndoTerms): Promise<Undone> {
  const { members, leader: latest, keep, way, isOwned, makeWritable } = terms
  const first = await ask(members, member => member.look(keep, way))
  const disagree = first.looks.some(({ state }) => state.disagrees)
  const { looks, lost } = disagree && first.lost.size === 0 ? await lookAgain(first, terms) : first
  const hadDisagreed = terms.hadDisagreed || disagree
  const clock = joinClocks(looks.map(({ state }) => state.clock))
  const known = leaderOf(looks, latest, clock)
  if (!known || lost.size > 0) return { looks, leader: undefined, lost, isDone: false, hadDisagreed }
  const isEqual = looks.every(({ state }) => state.clock === looks[0]?.state.clock)
  if (isEqual && !looks.some(({ state }) => state.waits))
    return { looks, leader: known.member, lost, isDone: true, hadDisagreed }
  const isElected = takePart(looks)
  const lacksOwner = isOwned && !isElected && known.state.owner === undefined
  const isReady = !known.state.ro && haveSameView(looks) && haveSameOwner(looks) && !hadDisagreed && !lacksOwner
  const next = isReady ? undefined : await makeWritable(known.member, looks, hadDisagreed)
  const refused = isReady ? none : await refusedMember(members)
  if (refused.size > 0) return { looks, leader: undefined, lost: refused, isDone: false, hadDisagreed }
  const writable = looks.find(({ member }) => member === next) ?? known
  // Without elections, a member that leads the undo becomes writable by itself.
  const leader = isElected || knowsChanges(writable, clock) ? writable : known
  if (way === 'rewind' && !knowsChanges(leader, clock)) {
    const lost = new Map([[leader.member, `instance '${leader.member.name}' lacked changes when their undo began`]])
    return { looks, leader: undefined, lost, isDone: false, hadDisagreed }
  }
  const others = looks.filter(look => look !== leader)
  // Rows of the undo must not reach an application's triggers. Members that wait have hidden theirs.
  const visible = others.filter(({ state }) => !state.waits).map(({ member }) => member)
  const hidden = await ask(visible, member => member.hide(clock))
  if (hidden.lost.size > 0) {
    const refused = await refusedMember(members)
    const lost = refused.size > 0 ? refused : hidden.lost
    return { looks, leader: undefined, lost, isDone: false, hadDisagreed }
  }
  // A read-only member cannot put back a sequence.
  const rewrites = others.some(({ state }) => state.sequences)
  const led = await leader.member.lead(keep, way, clock, rewrites).catch((error: unknown) => {
    if (error instanceof LostMember && members.length > 1 && mayGoOn.test(error.message)) return error
    throw error
  })
  if (led instanceof LostMember) {
    const end = { looks, leader: undefined, isDone: false, hadDisagreed }
    const refused = await refusedMember(members)
    if (refused.size > 0) return { ...end, lost: refused }
    if (!readOnly.test(led.message)) throw led
    // Another member has become the leader meanwhile. It has the records of all changes, too.
    const hasLed = isReady || next !== undefined
    if (hasLed) return { ...end, lost: none, overtaken: { member: leader.member, why: led.message } }
    return { ...end, lost: new Map([[leader.member, led.message]]) }
  }
  const following = others.map(({ member }) => member)
  const followed = await ask(following, member => member.follow(keep, way, led.clock))
  const clients = looks.some(({ state }) => state.clients)
  const ends = [{ member: leader.member, state: led }, ...followed.looks]
  return {
    looks: ends.map(({ member, state }) => ({ member, state: { ...state, clients } })),
    leader: leader.member,
    lost: followed.lost,
    isDone: true,
    hadDisagreed,
  }
}

/**
 * Puts back options of elections and of the quorum. A member that owned the queue of synchronous transactions confirms
 * those that wait, if they have the quorum now. It must know before that another member owns the queue: otherwise the other
 * members refuse its data from then on.
 */
async function lookAgain(first: Answers, { members, keep, way, awaitNews }: UndoTerms): Promise<Answers> {
  await awaitNews(first.looks.map(({ member }) => member))
  const again = await ask(members, member => member.agree(keep, way))
  // Members that had the options of before have begun with the undo.
  const before = new Map(first.looks.map(({ member, state }) => [member, state]))
  const looks = again.looks.map(({ member, state }) => {
    const former = before.get(member)
    const [undone, clients] = [state.undone + (former?.undone ?? 0), state.clients || former?.clients === true]
    return { member, state: { ...state, undone, clients } }
  })
  return { looks, lost: again.lost }
}

/** False if members that take part in elections know different leaders, or different terms. */
export const haveSameView = (looks: readonly Look[]): boolean =>
  new Set(looks.flatMap(({ state }) => state.view ?? [])).size <= 1

/** False if a member does not know yet who owns the queue of synchronous transactions. */
export const haveSameOwner = (looks: readonly Look[]): boolean =>
  new Set(looks.map(({ state }) => state.owner)).size <= 1

/** True if members take part in elections. */
export const takePart = (looks: readonly Look[]): boolean => looks.some(({ state }) => state.view !== undefined)

const none: ReadonlyMap<MemberAgent, string> = new Map()

const readOnly = /read-only instance|instance is in read-only mode/

// Nothing is undone then.
const mayGoOn = new RegExp(`${readOnly.source}|its replication from member \\d+ has stopped`)

async function ask(
  members: readonly MemberAgent[],
  operation: (member: MemberAgent) => Promise<MemberState>,
): Promise<Answers> {
  const asked = members.map(async (member): Promise<Look | LostMember> => {
    try {
      return { member, state: await operation(member) }
    } catch (error) {
      if (error instanceof LostMember) return error
      throw error
    }
  })
  const looks: Look[] = []
  const lost = new Map<MemberAgent, string>()
  for (const [index, answer] of (await Promise.all(asked)).entries()) {
    const member = members[index]
    if (!(answer instanceof LostMember)) looks.push(answer)
    else if (member) lost.set(member, answer.message)
  }
  return { looks, lost }
}

/**
 * A writable member, or the member that was writable before a test has made it read-only. If that one has ended, any
 * other: a member that is read-only by an option is writable during its undo.
 *
 * @param clock the data of all members
 */
function leaderOf(looks: readonly Look[], latest: MemberAgent | undefined, clock: string): Look | undefined {
  const able = looks.filter(look => knowsChanges(look, clock))
  const known = able.find(({ member }) => member === latest)
  if (known && !known.state.ro) return known
  return able.find(({ state }) => !state.ro) ?? known ?? able[0] ?? looks[0]
}

/**
 * False if a member has undone its own state while changes of others were on their way to it. A former leader is writable
 * again then, but it would take these changes for some of a level that stays.
 */
const knowsChanges = ({ state }: Look, clock: string): boolean => state.waits || state.clock === clock
