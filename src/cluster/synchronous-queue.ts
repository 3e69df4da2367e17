import type { TarantoolInstance } from '../instance/instance.ts'

// In seconds. The former owner of the queue may have ended, and is waited for twice as long.
const ownerPatience = 0.1

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
 * @param options `timeout` in milliseconds; `isOwned`: somebody has to own the queue
 * @returns its mode of elections
 */
export async function claimQueue(
  instance: TarantoolInstance,
  { timeout, isOwned }: { timeout: number; isOwned: boolean },
): Promise<unknown> {
  const [mode] = await instance.command(claim.replace('...', String(isOwned)), { timeout })
  return mode
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
