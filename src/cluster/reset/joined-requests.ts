import { joinReplicated, type LateChange } from '../../isolation/late-changes.ts'
import type { RequestsUnderWay } from '../../isolation/server.ts'

/** The requests to a member during an undo. */
export interface RequestsToMember {
  readonly member: string
  readonly replicaset: string
  readonly requests: RequestsUnderWay
}

/** The requests to all members of a cluster. Names each change once that is replicated. */
export function joinRequests(all: readonly RequestsToMember[]): RequestsUnderWay {
  const sum = (of: 'at_end' | 'since' | 'now'): number => all.reduce((total, { requests }) => total + requests[of], 0)
  const list = (of: 'kinds' | 'fibers'): string[] => all.flatMap(({ requests }) => requests[of])
  return {
    at_end: sum('at_end'),
    since: sum('since'),
    now: sum('now'),
    kinds: list('kinds'),
    fibers: list('fibers'),
    changed: changesOf(all),
  }
}

function changesOf(all: readonly RequestsToMember[]): LateChange[] {
  const sets = [...new Set(all.map(({ replicaset }) => replicaset))]
  return sets.flatMap(set => {
    const replicated = sets.length > 1 ? `replica set '${set}'` : undefined
    const ofSet = all.filter(({ replicaset }) => replicaset === set)
    return joinReplicated(
      ofSet.flatMap(({ member, requests }) =>
        requests.changed.map(change => ({ ...change, place: change.is_own ? `'${member}'` : replicated })),
      ),
    )
  })
}
