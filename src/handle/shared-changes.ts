import { isDeepStrictEqual } from 'node:util'
import type { Changes } from '../isolation/changes.ts'
import type { LeasedServer } from './leased-server.ts'

/** The kinds of changes that a replica set replicates. */
const replicated = ['spaces', 'sequences', 'schema'] as const

type Named = Readonly<Record<string, unknown>>

/** The replica set of an instance of a cluster. Undefined for a single server. */
function setOf(server: LeasedServer): readonly string[] | undefined {
  const { cluster } = (server.face ?? server).info
  const name = server.face ? server.name : cluster?.connect
  return Object.values(cluster?.replicasets ?? {}).find(names => names.includes(name ?? ''))
}

const isLeader = (server: LeasedServer): boolean => (server.face ?? server).lead === server

/** The entries of `named` that `known` has not, or has with other values. */
function without(named: Named, known: Named | undefined): Named {
  return Object.fromEntries(Object.entries(named).filter(([name, value]) => !isDeepStrictEqual(value, known?.[name])))
}

function difference(changes: Changes, known: Changes): Changes {
  const others = replicated.flatMap(kind => {
    const part = changes[kind]
    const rest = part && without(part as Named, known[kind] as Named | undefined)
    return rest && Object.keys(rest).length > 0 ? [[kind, rest] as const] : []
  })
  const own = Object.entries(changes).filter(([kind]) => !(replicated as readonly string[]).includes(kind))
  return Object.fromEntries([...own, ...others])
}

/**
 * Names each change that members of a replica set have in common only once. The leader keeps all of its changes.
 *
 * @param all the changes of servers, in any order; undefined if they are unknown
 */
export function withoutShared(
  all: readonly { readonly server: LeasedServer; readonly changes: Changes | undefined }[],
): (Changes | undefined)[] {
  const found = new Map<LeasedServer, Changes>()
  const seen: { readonly set: readonly string[]; readonly changes: Changes }[] = []
  const leaders = all.filter(({ server }) => isLeader(server))
  for (const { server, changes } of [...leaders, ...all.filter(one => !leaders.includes(one))]) {
    if (!changes) continue
    const set = setOf(server)
    const known = seen.filter(one => one.set === set)
    found.set(
      server,
      known.reduce((rest, one) => difference(rest, one.changes), changes),
    )
    if (set) seen.push({ set, changes })
  }
  return all.map(({ server }) => found.get(server))
}
