import { nearestName } from '../config/nearest-name.ts'
import type { ResolvedApplication } from '../config/resolve-application.ts'
import { strangeName } from '../config/strange-name.ts'
import { ClusterConfigError, InvalidOptionError, type TarantoolFixtureError, UnknownServerError } from '../errors.ts'
import { leaderHint } from '../instance/failure/config-failure.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { type Activity, activityHint, faultsText, inactivityText, isActive } from './activity.ts'
import type { DescriptionFailure } from './description.ts'

// Tarantool's message about an option of the other edition, with the path of the option.
const enterpriseOnly = /^\[cluster_config\] ([\w.-]+): .*(?:Enterprise|Community) Edition/

/** Makes the error of a config that Tarantool or the fixture refuses. */
export function errorOfDescription(
  { stage, message }: DescriptionFailure,
  { configFile }: ResolvedApplication,
): TarantoolFixtureError {
  if (stage === 'version') {
    return new ClusterConfigError(`Tarantool ${message} has no reader of configs that the fixture knows`, {
      configFile,
    })
  }
  if (stage === 'storage') {
    return new ClusterConfigError(`${configFile}: ${message} is not supported: the fixture reads the file only`, {
      configFile,
      hint: `Remove it for the tests: set: { '${message}': null }. The file then has to have the whole config.`,
    })
  }
  if (stage === 'set') return new InvalidOptionError(`option 'set' does not fit ${configFile}: ${message}`)
  const [, path] = enterpriseOnly.exec(message) ?? []
  const hint = path && `Remove the option for the tests: set: { '${path}': null }.`
  return new ClusterConfigError(`${configFile}: ${message.trim()}`, { configFile, hint })
}

/** Makes the error of an option that names an instance which does not exist. */
export function noSuchInstance(
  option: string,
  name: string,
  names: readonly string[],
  configFile: string,
): InvalidOptionError {
  const near = nearestName(name, names, { onlyOne: true })
  return new InvalidOptionError(`option '${option}': ${configFile} has no instance '${name}'`, {
    hint: near ? `Did you mean '${near}'?` : `Instances: ${names.join(', ')}.`,
  })
}

const listOf = (what: 'instance' | 'replica set', names: readonly string[]): string =>
  `${what === 'instance' ? 'Instances' : 'Replica sets'}: ${names.join(', ')}`

/** Makes the error of a name that a test asks for. `call`: the request, for a value that is no name. */
export function unknownName(
  what: 'instance' | 'replica set',
  name: string,
  names: readonly string[],
  call: string,
): UnknownServerError | InvalidOptionError {
  const list = listOf(what, names)
  if (typeof name !== 'string') {
    const article = what === 'instance' ? 'an' : 'a'
    return strangeName({ call, given: name, what: `the name of ${article} ${what}`, list })
  }
  const near = nearestName(name, names, { onlyOne: true })
  return new UnknownServerError(`no ${what} of the cluster is named '${name}'`, {
    hint: near ? `Did you mean '${near}'?` : `${list}.`,
  })
}

/** A call that was given an instance. `as`: the parameter, if the call has several. */
export interface InstanceCall {
  readonly call: string
  readonly as?: string | undefined
}

/** Makes the error of an instance that a test gives, and that is none of the cluster. */
export function strangeInstance(
  given: unknown,
  names: readonly string[],
  { call, as }: InstanceCall,
): UnknownServerError | InvalidOptionError {
  const list = listOf('instance', names)
  if (!(given instanceof TarantoolInstance)) return strangeName({ call, as, given, list })
  return new UnknownServerError(`${given.fingerprint} is not an instance of the cluster`, { hint: `${list}.` })
}

/** The error for a request that concerns one replica set and names none. */
export const severalSets = (names: readonly string[]): UnknownServerError =>
  new UnknownServerError(`the cluster has ${names.length} replica sets, and the request names none`, {
    hint: `Replica sets: ${names.join(', ')}.`,
  })

/** The instances of a replica set, and whether each runs. */
export type SetMembers = ReadonlyMap<string, Activity>

/** Says that a replica set has no leader, and why. `faults`: those of the links between its members */
export function noLeaderText(replicaset: string, members: SetMembers, faults: readonly string[]): string {
  const readOnly = [...members].filter(([, member]) => isActive(member)).map(([name]) => `'${name}'`)
  const reasons = [
    ...(readOnly.length > 0 ? [`${readOnly.join(', ')} ${readOnly.length === 1 ? 'is' : 'are'} read-only`] : []),
    inactivityText(members),
  ]
  return `replica set '${replicaset}' has no leader: ${reasons.filter(reason => reason !== undefined).join(', and ')}${faultsText(faults)}`
}

/** Makes the error of a replica set without a writable instance. */
export const noLeader = (
  replicaset: string,
  { members, faults, configFile }: { members: SetMembers; faults: readonly string[]; configFile: string },
): ClusterConfigError =>
  new ClusterConfigError(noLeaderText(replicaset, members, faults), {
    configFile,
    hint: activityHint(members, faults) ?? leaderHint,
  })
