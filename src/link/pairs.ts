import { InvalidOptionError } from '../errors.ts'
import type { LinkPlace } from './fault.ts'

/** The call of a test that names two instances, for errors. */
export const linkCall = (as: 'from' | 'to'): { readonly call: string; readonly as: string } => ({
  call: 'link(from, to)',
  as,
})

/** The call of a test that names groups of instances, for errors. */
export const partitionCall: { readonly call: string } = { call: 'partition()' }

const quoted = (names: readonly string[]): string => names.map(name => `'${name}'`).join(', ')

/** Makes the error of a link between two instances that does not exist. It names those that do. */
export function noSuchLink(from: string, to: string, names: readonly string[]): InvalidOptionError {
  if (from === to && names.includes(from)) {
    return new InvalidOptionError(`no link leads from '${from}' to itself`, {
      hint: `The link before the address of '${from}' is instance('${from}').link.`,
    })
  }
  const others = names.filter(name => name !== from)
  return new InvalidOptionError(`no link leads from '${from}' to '${to}'`, {
    hint: names.includes(from)
      ? `Links from '${from}' lead to: ${quoted(others)}.`
      : `Links lead from each of these instances to each other: ${quoted(names)}.`,
  })
}

/** Makes the error of a link between instances that one instance is asked for. */
export function notOfInstance(server: string, { isMember }: { isMember: boolean }): InvalidOptionError {
  const ofCluster = 'link(from, to) of the TarantoolReplicaSet or the TarantoolCluster'
  return new InvalidOptionError(`${server} has only the link before its address`, {
    hint: isMember
      ? `The links between instances belong to the cluster: call ${ofCluster}.`
      : 'A single server has no links to other instances. Its own link has methods, such as link.cut().',
  })
}

/** All links of a cluster: those before the addresses, and those between the instances. */
export const allPlaces = (names: readonly string[]): LinkPlace[] => [
  ...names.map(to => ({ to })),
  ...names.flatMap(from => names.filter(to => to !== from).map(to => ({ from, to }))),
]

/**
 * The links that have to be cut to separate groups of instances from each other, in both directions.
 *
 * @param names the names of all instances. An instance in no group keeps its links
 * @throws InvalidOptionError for an unknown instance, one in two groups, or fewer than two groups
 */
export function separations(groups: readonly (readonly string[])[], names: readonly string[]): [string, string][] {
  const [first, ...others] = names.length > 1 ? names : ['a', 'b']
  const hint = `Such as partition(['${first}'], [${quoted(others)}]).`
  const given = groups.length === 1 ? 'one was given' : 'none was given'
  if (groups.length < 2) {
    throw new InvalidOptionError(`partition() takes at least two groups of instances, and ${given}`, { hint })
  }
  if (!groups.every(group => Array.isArray(group) && group.length > 0)) {
    throw new InvalidOptionError('partition(): each group is a list with the names of at least one instance', { hint })
  }
  const seen = new Set<string>()
  for (const name of groups.flat()) {
    if (!names.includes(name)) {
      throw new InvalidOptionError(`partition: the cluster has no instance '${name}'`, {
        hint: `Instances: ${quoted(names)}.`,
      })
    }
    if (seen.has(name)) {
      throw new InvalidOptionError(`partition: the instance '${name}' is named twice`, {
        hint: 'An instance is in one group at most.',
      })
    }
    seen.add(name)
  }
  return groups.flatMap(group =>
    groups.flatMap(other =>
      other === group ? [] : group.flatMap(from => other.map((to): [string, string] => [from, to])),
    ),
  )
}
