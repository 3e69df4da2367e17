import type { TarantoolInstance } from '../instance/instance.ts'
import { luaLiteral } from '../protocol/lua-literal.ts'

/**
 * Lets a running member replicate from these addresses. Its connections to members that stay in use are kept.
 *
 * @param options `running`: the number of addresses at which a member runs; `timeout` in milliseconds
 */
export async function replicateFrom(
  member: TarantoolInstance,
  sources: readonly string[],
  { running, timeout }: { running: number; timeout: number },
): Promise<void> {
  const { credentials } = member
  const login = credentials ? `${credentials.user}:${credentials.password}@` : ''
  const list = sources.map(source => login + source)
  await member.command(`require('tarantool-fixture').replicate_from(${luaLiteral(list)}, ${running})`, { timeout })
}

/** Removes a member that has stopped from the list that all members share. */
export async function forgetMember(leader: TarantoolInstance, uuid: string): Promise<void> {
  await leader.command(`local member = box.space._cluster.index.uuid:get(${luaLiteral(uuid)})
if member then box.space._cluster:delete(member[1]) end`)
}

/**
 * Lets a member elect itself: another one is going to be removed, and without that one the member has no majority.
 *
 * @returns a function that puts back the quorum
 */
export async function lowerQuorum(member: TarantoolInstance): Promise<() => Promise<void>> {
  const name = 'replication_synchro_quorum'
  const [former] = await member.command(`local former = box.cfg.${name} box.cfg({ ${name} = 1 }) return former`)
  const literal = typeof former === 'number' ? String(former) : luaLiteral(String(former))
  return async () => void (await member.command(`box.cfg({ ${name} = ${literal} })`))
}
