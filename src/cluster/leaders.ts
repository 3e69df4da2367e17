import { setTimeout as delay } from 'node:timers/promises'
import { RequestTimeoutError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { isActive } from './activity.ts'
import { claimQueue, isQueueOwned } from './synchronous-queue.ts'

// Pause between two looks, in milliseconds.
const pause = 20

/** `waits`: it may become writable by itself; `waitsForQueue`: only when a `box.ctl.promote()` has ended. */
type Role = 'writable' | 'waits' | 'waitsForQueue' | 'read-only'

const question = "box.info.ro, box.cfg.read_only, box.cfg.election_mode or 'off', box.info.ro_reason"

// In milliseconds. An instance that takes longer is frozen, or busy.
const patience = 1000

// In milliseconds. Nobody may be about to become the owner of the queue of synchronous transactions.
const longestPromotion = 1000

async function roleOf(instance: TarantoolInstance): Promise<Role> {
  const [isReadOnly, isReadOnlyByConfig, electionMode, reason] = await instance
    .command(`return ${question}`, { timeout: patience })
    .catch((error: unknown) => {
      if (error instanceof RequestTimeoutError) return [true, false, 'off']
      // A test may have ended the instance just now.
      if (instance.isRunning) throw error
      return [true, true, 'off']
    })
  if (isReadOnly === false) return 'writable'
  if (electionMode !== 'off') return 'waits'
  if (isReadOnlyByConfig) return 'read-only'
  return reason === 'synchro' ? 'waitsForQueue' : 'waits'
}

// A frozen instance holds up no answer of another one.
async function firstWritable(
  instances: readonly TarantoolInstance[],
  roles: readonly Promise<Role>[],
): Promise<TarantoolInstance | undefined> {
  const writable = roles.map(async (role, index) => {
    if ((await role) === 'writable') return instances[index]
    throw new Error('it is read-only')
  })
  return await Promise.any(writable).catch(() => undefined)
}

/** The longest time until one of the members can become writable by itself, in milliseconds. */
function longestWait(roles: readonly Role[], timeout: number): number {
  if (roles.includes('waits')) return timeout
  return roles.includes('waitsForQueue') ? Math.min(timeout, longestPromotion) : 0
}

interface LeaderSearch {
  readonly not?: TarantoolInstance | undefined
  readonly waits?: boolean
  readonly throwIfEnding?: () => void
}

/**
 * Finds the writable instance of a replica set. Waits for an election that is under way.
 *
 * @param timeout in milliseconds
 * @param options `not`: an instance that does not count; `waits`: looks until the timeout, also if nobody can become
 *   writable by itself; `throwIfEnding` is called before each look
 * @returns undefined if no instance is writable, and none can become writable by itself or has done so in time
 */
export async function findLeader(
  instances: readonly TarantoolInstance[],
  timeout: number,
  { not, waits = false, throwIfEnding = () => {} }: LeaderSearch = {},
): Promise<TarantoolInstance | undefined> {
  const began = performance.now()
  for (; ; await delay(pause)) {
    throwIfEnding()
    const running = instances.filter(instance => isActive(instance) && instance !== not)
    const asked = running.map(roleOf)
    const leader = await firstWritable(running, asked)
    if (leader) return leader
    const patient = waits ? timeout : longestWait(await Promise.all(asked), timeout)
    if (performance.now() >= began + patient) return undefined
  }
}

const onlyVote = `local former = box.cfg.election_mode
if former ~= 'voter' then box.cfg({ election_mode = 'voter' }) end
return former`

// Before 2.6.3, there is no `box.ctl.promote`, and the members begin an election by themselves.
const stand = `if box.cfg.election_mode ~= 'candidate' or not box.ctl.promote then return end
require('fiber').create(function() pcall(box.ctl.promote) end)`

/** Lets a candidate begin an election, whatever it knows of a leader. Does not wait for its end. */
export async function callElection(candidate: TarantoolInstance): Promise<void> {
  await candidate.command(stand, { timeout: patience })
}

// A candidate that does not know of the leader yet begins another election.
const standAgain = `local fiber, clock = require('fiber'), require('clock')
local began = clock.monotonic()
while box.info.election.leader == 0 and clock.monotonic() - began < 1 do fiber.sleep(0.002) end
box.cfg({ election_mode = 'candidate' })`

/**
 * Lets the members of a replica set elect one of them, if it is a candidate. The others only vote meanwhile, since versions before 2.6.3 have no
 * `box.ctl.promote`.
 *
 * @param timeout in milliseconds
 */
export async function elect(
  wanted: TarantoolInstance,
  members: readonly TarantoolInstance[],
  timeout: number,
): Promise<void> {
  const [mode] = await wanted.command('return box.cfg.election_mode')
  if (mode !== 'candidate' || (await findLeader(members, timeout)) === wanted) return
  await voteFor(wanted, members, timeout)
}

async function voteFor(
  wanted: TarantoolInstance,
  members: readonly TarantoolInstance[],
  timeout: number,
): Promise<boolean> {
  const candidates = new Set<TarantoolInstance>()
  for (const member of members) {
    if (member === wanted || !member.isRunning) continue
    const [former] = await member.command(onlyVote)
    if (former === 'candidate') candidates.add(member)
  }
  const isAgreed = await agreeOn(wanted, members, timeout)
  await Promise.all([...candidates].map(member => member.command(standAgain)))
  return isAgreed
}

// A member that has missed an election, or is about to begin one, has another view. A member that takes part in none, for
// example an anonymous one, knows no leader.
const view = `local mode, election = box.cfg.election_mode or 'off', box.info.election
local queue = box.info.synchro and box.info.synchro.queue
local is_split = false
for _, replica in pairs(box.info.replication) do
    local message = replica.upstream and replica.upstream.message
    is_split = is_split or message ~= nil and tostring(message):find('^Split%-Brain') ~= nil
end
return box.info.ro, mode ~= 'off' and election and tostring(election.term) .. ',' .. election.leader or '', queue and queue.owner, is_split`

/**
 * Finds the writable instance of a replica set that all its instances know as their leader. Waits for an election that is
 * under way.
 *
 * @param timeout in milliseconds
 * @returns undefined if no instance is writable in time
 */
export async function findAgreedLeader(
  members: readonly TarantoolInstance[],
  timeout: number,
): Promise<TarantoolInstance | undefined> {
  for (const giveUpAt = performance.now() + timeout; ; await delay(pause)) {
    const rest = Math.max(0, giveUpAt - performance.now())
    const leader = await findLeader(members, rest)
    if (!leader || rest === 0) return leader
    const { isAgreed, isSplit } = await viewOf(leader, members)
    if (isAgreed || isSplit) return leader
  }
}

/** True if one of the members leads, and all that run know the same leader, term and owner of the synchronous queue. */
export async function agree(wanted: TarantoolInstance, members: readonly TarantoolInstance[]): Promise<boolean> {
  return (await viewOf(wanted, members)).isAgreed
}

/** `isSplit`: Tarantool has found a split brain, so members that do not agree never will. */
async function viewOf(
  wanted: TarantoolInstance,
  members: readonly TarantoolInstance[],
): Promise<{ isAgreed: boolean; isSplit: boolean }> {
  const running = members.filter(({ isRunning }) => isRunning)
  const asked = running.map(async member => await member.command(view, { timeout: patience }))
  // A member may be busy, or end just now.
  const views = await Promise.all(asked).catch(() => [])
  const isWritable = views[running.indexOf(wanted)]?.[0] === false
  const elections = views.map(([, election]) => election).filter(election => election !== '')
  const isAgreed = isWritable && areSame(elections) && areSame(views.map(([, , owner]) => owner))
  return { isAgreed, isSplit: views.some(([, , , isSplit]) => isSplit === true) }
}

const areSame = (values: readonly unknown[]): boolean => new Set(values).size <= 1

async function agreeOn(
  wanted: TarantoolInstance,
  members: readonly TarantoolInstance[],
  timeout: number,
): Promise<boolean> {
  for (const giveUpAt = performance.now() + timeout; ; await delay(pause)) {
    if (await agree(wanted, members)) return true
    if (performance.now() > giveUpAt) return false
  }
}

// Before versions that have `box.ctl.promote`, nobody tells the others who owns the queue.
const news = `local election, queue = box.info.election, box.ctl.promote and box.info.synchro and box.info.synchro.queue
return ('%s,%s'):format(election and election.term, queue and queue.owner)`

/**
 * Waits until members know of the last election that one of them has begun, and of the latest owner of the queue of
 * synchronous transactions. A member that learns of a new term cannot write until it owns the queue in that term.
 *
 * @param timeout in milliseconds. Members that cannot reach each other learn of nothing
 */
export async function awaitNews(members: readonly TarantoolInstance[], timeout: number): Promise<void> {
  let former: string | undefined
  for (const giveUpAt = performance.now() + timeout; performance.now() < giveUpAt; await delay(pause)) {
    const asked = members.map(async member => String((await member.command(news, { timeout: patience }))[0]))
    const all = new Set(await Promise.all(asked).catch(() => []))
    const [latest] = all.size === 1 ? all : []
    // A member tells others of a term only when its disk has it.
    if (latest !== undefined && latest === former) return
    former = latest
  }
}

// In milliseconds. The others have to confirm it.
const longestClaim = 5000

/**
 * Makes a former leader the leader again, by an election or by `box.ctl.promote()`.
 *
 * @param terms `timeout` in milliseconds; `isOwned`: somebody owned the queue of synchronous transactions
 * @returns false if it cannot write in the end
 */
export async function electAgain(
  wanted: TarantoolInstance,
  members: readonly TarantoolInstance[],
  terms: { timeout: number; isOwned: boolean },
): Promise<boolean> {
  const { timeout, isOwned } = terms
  const mode = await claimQueue(wanted, { ...terms, patience: Math.min(timeout, longestClaim) })
  if (mode === 'candidate') return await voteFor(wanted, members, timeout)
  if (mode === 'off' && !isOwned && (await isQueueOwned(wanted))) await wanted.command('box.ctl.demote()', { timeout })
  return await agreeOn(wanted, members, Math.min(timeout, longestClaim))
}
