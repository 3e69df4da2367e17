import { setTimeout as delay } from 'node:timers/promises'
import type { TarantoolInstance } from '../instance/instance.ts'

// In seconds. The former owner of the queue may have ended, and is waited for twice as long.
const ownerPatience = 0.1

// In milliseconds.
const longestClaim = 5000
const pause = 20

// Without elections, the owner of the queue of synchronous transactions is the only member that can write. A candidate that
// has won its election makes itself the owner.
const claim = `local isOwned = ...
local mode, why, act = box.cfg.election_mode or 'off', box.info.ro_reason, nil
local queue = box.info.synchro and box.info.synchro.queue
if box.info.ro then
  if mode == 'manual' or mode == 'off' and why == 'synchro' then act = box.ctl.promote end
  if why == nil then act = box.ctl.clear_synchro_queue end
elseif isOwned and queue and queue.owner == 0 then
  act = box.ctl.promote
end
if act then
  local timeout = box.cfg.replication_synchro_timeout
  box.cfg({ replication_synchro_timeout = math.min(timeout, ${ownerPatience}) })
  local done, raised = pcall(act)
  box.cfg({ replication_synchro_timeout = timeout })
  if not done then error(raised, 0) end
end
return mode`

/**
 * Makes an instance the owner of the queue of synchronous transactions, if only that keeps it from a write.
 *
 * @param options `timeout` in milliseconds; `isOwned`: somebody has to own the queue; `patience`: the time in milliseconds for
 *   further attempts, since the others may be busy, or learn of a new term just now
 * @returns its mode of elections
 * @throws LuaError if the others do not confirm it
 */
export async function claimQueue(
  instance: TarantoolInstance,
  { timeout, isOwned, patience }: { timeout: number; isOwned: boolean; patience: number },
): Promise<unknown> {
  for (const giveUpAt = performance.now() + patience; ; await delay(pause)) {
    try {
      return (await instance.command(claim.replace('...', String(isOwned)), { timeout }))[0]
    } catch (error) {
      if (!instance.isRunning || performance.now() > giveUpAt) throw error
    }
  }
}

// The owner closes the queue. A member that does not own it becomes the owner first, for which it has to be writable.
const free = `local queue = box.info.synchro and box.info.synchro.queue
if (box.cfg.election_mode or 'off') ~= 'off' or not box.ctl.demote or not queue or queue.owner == 0 then return false end
local timeout, is_read_only = box.cfg.replication_synchro_timeout, box.cfg.read_only
box.cfg({ replication_synchro_timeout = math.min(timeout, ${ownerPatience}), read_only = false })
local done, raised = pcall(function()
  if queue.owner ~= box.info.id then box.ctl.promote() end
  box.ctl.demote()
end)
box.cfg({ replication_synchro_timeout = timeout, read_only = is_read_only })
if not done then error(raised, 0) end
return true`

/**
 * Lets nobody own the queue of synchronous transactions, unless members elect its owner.
 *
 * @param timeout in milliseconds
 * @returns true if a member owned the queue
 * @throws LuaError if the others do not confirm it
 */
export async function freeQueue(instance: TarantoolInstance, timeout: number): Promise<boolean> {
  return (await instance.command(free, { timeout }))[0] === true
}

const isClosed = `return not box.cfg.read_only and box.info.ro and (box.cfg.election_mode or 'off') == 'off'`

/**
 * Lets a member that leads by its options write after its start. Tarantool closes a queue of synchronous transactions that had
 * an owner: without elections, no member is writable until one of them becomes the owner again.
 *
 * @param members the members of one replica set
 * @throws LuaError if the others do not confirm it
 */
export async function claimQueueAfterStart(members: readonly TarantoolInstance[]): Promise<void> {
  if (members.some(({ beganWritable }) => beganWritable)) return
  for (const member of members) {
    const [isItsTurn] = await member.command(isClosed, { timeout: longestClaim })
    if (isItsTurn !== true) continue
    await claimQueue(member, { timeout: longestClaim, isOwned: false, patience: longestClaim })
    return
  }
}

const queueOwner = 'return box.info.synchro and box.info.synchro.queue and box.info.synchro.queue.owner or 0'

/** The replica sets, among those with a leader, in which a member owns the queue of synchronous transactions. */
export async function setsWithQueue(leaders: ReadonlyMap<string, TarantoolInstance>): Promise<Set<string>> {
  const owned = [...leaders].map(async ([name, leader]) => ((await isQueueOwned(leader)) ? name : []))
  return new Set((await Promise.all(owned)).flat())
}

/** True if a member owns the queue of synchronous transactions. */
export async function isQueueOwned(instance: TarantoolInstance): Promise<boolean> {
  const [owner] = await instance.command(queueOwner)
  return owner !== 0
}
