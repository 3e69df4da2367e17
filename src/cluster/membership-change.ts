import type { TarantoolInstance } from '../instance/instance.ts'
import { luaLiteral } from '../protocol/lua-literal.ts'

/** Lets a running member replicate from these addresses. */
export async function replicateFrom(member: TarantoolInstance, sources: readonly string[]): Promise<void> {
  const { credentials } = member
  const login = credentials ? `${credentials.user}:${credentials.password}@` : ''
  const list = sources.map(source => login + source)
  await member.command(
    `box.cfg({ replication_connect_quorum = 0, replication_connect_timeout = 0.5, replication = ${luaLiteral(list)} })`,
  )
}

/** Removes a member that has stopped from the list that all members share. */
export async function forgetMember(leader: TarantoolInstance, uuid: string): Promise<void> {
  await leader.command(`local member = box.space._cluster.index.uuid:get(${luaLiteral(uuid)})
if member then box.space._cluster:delete(member[1]) end`)
}
