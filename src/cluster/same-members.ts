import { ClusterConfigError, type TarantoolFixtureError } from '../errors.ts'
import type { DescribedInstance, Description } from './description.ts'
import { noSuchInstance } from './failure.ts'
import { accountOf } from './members.ts'

const unfit = (what: string, { configFile }: Description, hint: string): TarantoolFixtureError =>
  new ClusterConfigError(`${configFile} ${what}`, { configFile, hint })

/**
 * Finds an instance of a cluster in a later config of that cluster.
 *
 * @throws ClusterConfigError if the later config lacks the instance, or has it in another replica set
 */
export function sameMember({ name, group, replicaset }: DescribedInstance, later: Description): DescribedInstance {
  const found = later.instances.find(instance => instance.name === name)
  const hint = 'Start another cluster for a config with other instances.'
  if (!found) throw unfit(`lacks the instance '${name}' of the cluster`, later, hint)
  if (found.group === group && found.replicaset === replicaset) return found
  throw unfit(
    `has the instance '${name}' in '${found.group}.${found.replicaset}', and the cluster has it in '${group}.${replicaset}'`,
    later,
    hint,
  )
}

/**
 * Checks that options do not make an instance that nobody starts. Its name may be misspelled.
 *
 * @throws InvalidOptionError
 */
export function noNewMember({ instances, configFile }: Description, later: Description): void {
  const names = instances.map(({ name }) => name)
  const added = later.instances.find(({ name }) => !names.includes(name))
  if (added) throw noSuchInstance('set', added.name, names, configFile)
}

/**
 * Checks that tests can still connect after a change of the config.
 *
 * @throws InvalidOptionError, ClusterConfigError
 */
export function sameAccount(
  user: string,
  before: DescribedInstance,
  after: DescribedInstance,
  later: Description,
): void {
  if (accountOf(user, before)?.password === accountOf(user, after)?.password) return
  throw unfit(
    `has another password for the user '${user}', as whom tests connect`,
    later,
    `Keep the password: set: { 'credentials.users.${user}.password': … }.`,
  )
}
