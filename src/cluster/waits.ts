import { setTimeout as delay } from 'node:timers/promises'
import { ReplicationError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { luaLiteral } from '../protocol/lua-literal.ts'
import { quorumOf } from './quorum.ts'

// Pause between two looks, in milliseconds.
const pause = 10

/**
 * Looks until there is no obstacle.
 *
 * @param lasts true if an obstacle does not go away
 * @throws ReplicationError after `timeout` milliseconds, with the last obstacle; at once, with one that lasts
 */
async function until(
  what: string,
  timeout: number,
  hint: string,
  obstacle: () => Promise<string | undefined>,
  lasts: (obstacle: string) => boolean = () => false,
): Promise<void> {
  for (const giveUpAt = performance.now() + timeout; ; await delay(pause)) {
    const found = await obstacle()
    if (found === undefined) return
    if (lasts(found)) throw new ReplicationError(`${what}: ${found}`, { hint })
    if (performance.now() > giveUpAt) throw new ReplicationError(`${what} within ${timeout} ms: ${found}`, { hint })
  }
}

const ask = async (instance: TarantoolInstance, lua: string): Promise<unknown> => {
  try {
    return (await instance.command(lua, { timeout: 5000 }))[0]
  } catch (error) {
    return `${instance.fingerprint} does not answer: ${(error as Error).message.split('\n')[0]}`
  }
}

// Members that are gone count for nothing, so the number of the others decides.
const streams = (peers: number): string => `local following, why = 0, nil
for _, replica in pairs(box.info.replication) do
    if replica.id ~= box.info.id then
        local up, down = replica.upstream or {}, replica.downstream or {}
        if up.status ~= 'follow' then
            why = ("its replication from %s is '%s'%s"):format(replica.uuid, up.status or 'off', up.message and ': ' .. up.message or '')
        elseif down.status ~= 'follow' then
            why = ('%s does not replicate from it'):format(replica.uuid)
        else
            following = following + 1
        end
    end
end
if following < ${peers} then why = why or ('it knows %d of ${peers} other members'):format(following) else why = nil end
return { box.info.uuid, why }`

const uuids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** Tarantool tells members by their UUIDs. */
const withNames = (text: string, names: ReadonlyMap<unknown, string>): string =>
  text.replaceAll(uuids, uuid => (names.has(uuid) ? `'${names.get(uuid)}'` : `the member ${uuid}`))

// A stream that has stopped does not begin again by itself. The member closes a gap.
const lastingStop = /is 'stopped': (?!Missing \.xlog)/

const meshHint =
  'start() starts a member again, and heal() ends faults of links. onlyRunning: true leaves out members that do not run.'
const clockHint = "heal() ends faults of links. A slow member needs a longer option 'timeout'."

const isLasting = (obstacle: string): boolean => lastingStop.test(obstacle)

/**
 * Waits until the members of a replica set replicate with each other in both directions.
 *
 * @param terms `timeout` in milliseconds; `endsWhenStopped`: fails at once if the replication between two members has stopped
 *   with an error
 * @throws ReplicationError
 */
export async function waitForMesh(
  members: ReadonlyMap<string, TarantoolInstance>,
  replicaset: string,
  { timeout, endsWhenStopped = false }: { timeout: number; endsWhenStopped?: boolean },
): Promise<void> {
  const obstacle = async (): Promise<string | undefined> => {
    const ended = [...members].find(([, { isRunning }]) => !isRunning)
    if (ended) return `'${ended[0]}' does not run`
    const names = new Map<unknown, string>()
    const asked = [...members].map(async ([name, instance]) => {
      const answer = await ask(instance, streams(members.size - 1))
      const [uuid, why] = Array.isArray(answer) ? answer : [undefined, answer]
      names.set(uuid, name)
      return typeof why === 'string' ? `'${name}': ${why}` : []
    })
    const found = (await Promise.all(asked)).flat().map(why => withNames(why, names))
    return found.find(isLasting) ?? found[0]
  }
  const what = `replica set '${replicaset}' has no full mesh`
  await until(what, timeout, meshHint, obstacle, endsWhenStopped ? isLasting : undefined)
}

const vectorClock = `local clock = {}
for id, lsn in pairs(box.info.vclock) do if id > 0 then clock[tostring(id)] = tostring(lsn):gsub('U?LL$', '') end end
return clock`

/** Waits until the other members that run have the data that one of them has now. */
export async function waitForClock(
  of: TarantoolInstance,
  others: ReadonlyMap<string, TarantoolInstance>,
  timeout: number,
): Promise<void> {
  const [clock] = await of.command(vectorClock)
  const isBehind = `local own = box.info.vclock
for id, lsn in pairs(${luaLiteral(clock)}) do
    if (own[tonumber(id)] or 0) < tonumber64(lsn) then return ('it has change %s of %s of member %s'):format(own[tonumber(id)] or 0, lsn, id) end
end`
  await until(`not all members have the data of ${of.fingerprint}`, timeout, clockHint, async () => {
    for (const [name, instance] of others) {
      if (!instance.isRunning) continue
      const obstacle = await ask(instance, isBehind)
      if (typeof obstacle === 'string') return `'${name}': ${obstacle}`
    }
    return undefined
  })
}

// With failover 'manual', nobody elects a leader.
const makesWritable = 'box.cfg{ read_only = false } makes a running member writable.'

/** The error of a wait for a leader: says which members do not run, and whether the rest can elect one. */
export function noLeaderYet(
  replicaset: string,
  {
    members,
    timeout,
    not,
    elects,
  }: { members: ReadonlyMap<string, TarantoolInstance>; timeout: number; not?: string | undefined; elects: boolean },
): ReplicationError {
  const missing = [...members].filter(([, { isRunning }]) => !isRunning).map(([name]) => `'${name}'`)
  const quorum = quorumOf(members.size)
  const running = members.size - missing.length
  const parts = [
    missing.length > 0 ? `${missing.join(', ')} ${missing.length === 1 ? 'does' : 'do'} not run` : 'all members run',
    ...(elects && running < quorum ? [`an election needs ${quorum} of ${members.size} members`] : []),
  ]
  const what = not === undefined ? 'no leader' : `no leader other than '${not}'`
  return new ReplicationError(`replica set '${replicaset}' has ${what} after ${timeout} ms: ${parts.join(', and ')}`, {
    hint: elects
      ? 'A member whose box.cfg.read_only is true and whose election_mode is off never becomes the leader by itself.'
      : makesWritable,
  })
}
