import type { AnyCluster, ReplicaSetOptions, TarantoolReplicaSet } from '../../src/index.ts'
import { newReplicaSet } from './clusters.ts'

/** The application of such a set. */
const appOfState = `
if not box.info.ro then
    box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })
    box.schema.space.create('own', { if_not_exists = true, is_local = true }):create_index('id', { if_not_exists = true })
    box.schema.space.create('passing', { if_not_exists = true, temporary = true }):create_index('id', { if_not_exists = true })
    box.schema.sequence.create('numbering', { if_not_exists = true })
    box.schema.space.create('quiet', { if_not_exists = true }):create_index('id', { if_not_exists = true })
end
box.space.own:replace({ 1, 'of the application' })
box.space.passing:replace({ 1, 'of the application' })
heard, stamped = 0, 0
box.space.users:on_replace(function() heard = heard + 1 end)
box.space.users:before_replace(function(_, new)
    stamped = stamped + 1
    return new
end)
`

/** Lua that returns the state of a member of such a set. */
export const stateOfMember = `
local rows = {}
for _, name in ipairs({ 'users', 'own', 'passing', 'quiet', 'extra' }) do rows[name] = box.space[name] and box.space[name]:select() end
return { rows = rows, heard = heard, stamped = stamped, new_global = new_global, ro = box.info.ro, limit = box.cfg.too_long_threshold,
    sequence = box.sequence.numbering and box.space._sequence_data:select(), truncated = box.space._truncate:select(),
    triggers = #box.space.users:on_replace() + #box.space.users:before_replace() }`

/** Evaluates Lua on each instance. */
export const onEach = async (cluster: AnyCluster, lua: string): Promise<unknown[]> =>
  await Promise.all(cluster.instances.map(async instance => (await instance.eval(lua))[0]))

export const pidsOf = (cluster: AnyCluster): unknown[] => cluster.instances.map(({ pid }) => pid)

/** A replica set of three whose members have state of each kind. */
export const threeMembers = async (options: Partial<ReplicaSetOptions> = {}): Promise<TarantoolReplicaSet> =>
  await newReplicaSet({ replicas: 3, appLua: appOfState, recordChanges: true, ...options }).start()

/** A set that has begun with a template: its members can be replaced, and none has seen its seed run. */
export async function threeFromTemplate(options: Partial<ReplicaSetOptions> = {}): Promise<TarantoolReplicaSet> {
  const terms = { name: 'replica', seedLua: 'box.space.users:insert({ 100 })', ...options }
  await (await threeMembers(terms)).kill()
  const set = await threeMembers(terms)
  await set.waitForVclock()
  return set
}
