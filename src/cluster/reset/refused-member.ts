import { setTimeout as delay } from 'node:timers/promises'
import type { MemberAgent } from './member-agent.ts'

// In milliseconds. The members learn of a row one after another.
const patience = 500
const pause = 20

// In milliseconds. A member that takes longer is frozen, or busy.
const longestReply = 1000

const question = `local ids, message = {}, ''
for id, replica in pairs(box.info.replication) do
    local upstream = replica.upstream
    if upstream ~= nil and upstream.status == 'stopped' then
        ids[#ids + 1], message = id, tostring(upstream.message)
    end
end
return box.info.id, table.concat(ids, ','), message`

/** The members whose changes one member has refused: its streams from them have stopped with an error. */
interface Refusal {
  readonly member: MemberAgent
  readonly id: string
  readonly refuses: readonly string[]
  readonly why: string
}

async function refusalOf(member: MemberAgent): Promise<Refusal> {
  const [id, ids, why] = await member.instance.command(question, { timeout: longestReply })
  return { member, id: String(id), refuses: String(ids).split(','), why: String(why) }
}

/**
 * Finds the member whose changes all others refuse, for example because it wrote while it was alone, and others wrote
 * meanwhile. Without it, the others can undo their changes together.
 *
 * @returns the member, with the reason. Empty if there is none, or if there are only two members
 */
export async function refusedMember(members: readonly MemberAgent[]): Promise<Map<MemberAgent, string>> {
  if (members.length < 3) return new Map()
  for (const giveUpAt = performance.now() + patience; ; await delay(pause)) {
    const all = await Promise.all(members.map(refusalOf)).catch(() => [])
    const found = all.find(({ id }) => all.filter(({ refuses }) => refuses.includes(id)).length === members.length - 1)
    if (found) {
      const { why = '' } = all.find(({ refuses }) => refuses.includes(found.id)) ?? {}
      return new Map([
        [found.member, `the other members refuse the changes of instance '${found.member.name}': ${why}`],
      ])
    }
    const isRefused = all.some(({ refuses }) => refuses[0] !== '')
    if (!isRefused || performance.now() > giveUpAt) return new Map()
  }
}
