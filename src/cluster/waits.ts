import { setTimeout as delay } from 'node:timers/promises'
import { ReplicationError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { luaLiteral } from '../protocol/lua-literal.ts'
import { activityHint, faultsText, inactivityText, isActive } from './activity.ts'
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
  {
    timeout,
    began = performance.now(),
    faults = () => [],
    throwIfEnding = () => {},
    advise,
  }: Wait & { advise: (faults: readonly string[]) => string },
  obstacle: (rest: number) => Promise<string | undefined>,
  lasts: (obstacle: string) => boolean = () => false,
): Promise<void> {
  for (const giveUpAt = began + timeout; ; await delay(pause)) {
    throwIfEnding()
    const rest = giveUpAt - performance.now()
    const found = await obstacle(Math.min(longestReply, Math.max(shortestReply, rest)))
    if (found === undefined) return
    const isLasting = lasts(found)
    if (!isLasting && performance.now() <= giveUpAt) continue
    const during = faults()
    const time = isLasting ? '' : ` within ${timeout} ms`
    throw new ReplicationError(`${what}${time}: ${found}${faultsText(during)}`, { hint: advise(during) })
  }
}

/** The terms of a wait. */
interface Wait {
  /** In milliseconds. */
  readonly timeout: number
  /** The time at which the whole wait began. Default: now. */
  readonly began?: number | undefined
  /** Finds the faults of the links between the members, as texts. */
  readonly faults?: (() => readonly string[]) | undefined
  /** Throws if the cluster is to end. Called before each look. */
  readonly throwIfEnding?: (() => void) | undefined
}

// In milliseconds. A wait of 0 ms looks once, too.
const shortestReply = 1000
const longestReply = 5000

const ask = async (instance: TarantoolInstance, lua: string, timeout: number): Promise<unknown> => {
  try {
    return (await instance.command(lua, { timeout }))[0]
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

const onlyRunningHint = 'onlyRunning: true leaves out members that do not run, or are paused.'
const slowHint = "A slow member needs a longer 'timeout'."

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
  { endsWhenStopped = false, ...wait }: Wait & { endsWhenStopped?: boolean },
): Promise<void> {
  const obstacle = async (rest: number): Promise<string | undefined> => {
    const inactive = inactivityText(members)
    if (inactive !== undefined) return inactive
    const names = new Map<unknown, string>()
    const asked = [...members].map(async ([name, instance]) => {
      const answer = await ask(instance, streams(members.size - 1), rest)
      const [uuid, why] = Array.isArray(answer) ? answer : [undefined, answer]
      names.set(uuid, name)
      return typeof why === 'string' ? `'${name}': ${why}` : []
    })
    const found = (await Promise.all(asked)).flat().map(why => withNames(why, names))
    return found.find(isLasting) ?? found[0]
  }
  const what = `replica set '${replicaset}' has no full mesh`
  const advise = (during: readonly string[]): string => {
    const advice = activityHint(members, during) ?? slowHint
    return inactivityText(members) === undefined ? advice : `${advice} ${onlyRunningHint}`
  }
  await until(what, { ...wait, advise }, obstacle, endsWhenStopped ? isLasting : undefined)
}

const vectorClock = `local clock = {}
for id, lsn in pairs(box.info.vclock) do if id > 0 then clock[tostring(id)] = tostring(lsn):gsub('U?LL$', '') end end
return clock`

/** Waits until the other members that run have the data that one of them has now. */
export async function waitForClock(
  of: TarantoolInstance,
  members: ReadonlyMap<string, TarantoolInstance>,
  wait: Wait,
): Promise<void> {
  let clock: unknown
  const isBehind = (): string => `local own = box.info.vclock
for id, lsn in pairs(${luaLiteral(clock)}) do
    if (own[tonumber(id)] or 0) < tonumber64(lsn) then return ('it has change %s of %s of member %s'):format(own[tonumber(id)] or 0, lsn, id) end
end`
  const what = `not all members have the data of ${of.fingerprint}`
  const advise = (during: readonly string[]): string => activityHint(members, during) ?? slowHint
  await until(what, { ...wait, advise }, async rest => {
    // A member that does not run says so.
    const paused = inactivityText(new Map([...members].filter(([, { isPaused }]) => isPaused)))
    if (paused !== undefined) return paused
    if (clock === undefined) {
      // A request to a server that does not run says so at once.
      const answer = of.isRunning ? await ask(of, vectorClock, rest) : (await of.command(vectorClock))[0]
      if (typeof answer === 'string') return answer
      clock = answer
    }
    const asked = [...members].map(async ([name, instance]) => {
      const obstacle = instance.isRunning ? await ask(instance, isBehind(), rest) : undefined
      return typeof obstacle === 'string' ? `'${name}': ${obstacle}` : []
    })
    const found = (await Promise.all(asked)).flat()
    return found.length === 0 ? undefined : found.join('; ')
  })
}

// With failover 'manual', nobody elects a leader.
export const electionHint =
  'A member whose box.cfg.read_only is true and whose election_mode is off never becomes the leader by itself.'
export const makesWritable = 'box.cfg{ read_only = false } makes a running member writable.'

/** The error of a wait for a leader: says which members do not run, and whether the rest can elect one. */
export function noLeaderYet(
  replicaset: string,
  {
    members,
    timeout,
    not,
    elects,
    faults,
  }: {
    members: ReadonlyMap<string, TarantoolInstance>
    timeout: number
    not?: string | undefined
    elects: boolean
    faults: readonly string[]
  },
): ReplicationError {
  const quorum = quorumOf(members.size)
  const active = [...members.values()].filter(isActive).length
  const parts = [
    inactivityText(members) ?? 'all members run',
    ...(elects && active < quorum ? [`an election needs ${quorum} of ${members.size} members`] : []),
  ]
  const what = not === undefined ? 'no leader' : `no leader other than '${not}'`
  const why = parts.join(', and ') + faultsText(faults)
  const advice = [elects ? electionHint : makesWritable, activityHint(members, faults)]
  return new ReplicationError(`replica set '${replicaset}' has ${what} after ${timeout} ms: ${why}`, {
    hint: advice.filter(sentence => sentence !== undefined).join(' '),
  })
}
