/** The number of members that an election needs. */
export const quorumOf = (members: number): number => Math.floor(members / 2) + 1

/**
 * True if a member that starts may find no leader: it reaches too few members for an election, or the leader runs and is not
 * reached.
 *
 * @param others the other members of its replica set
 */
export function mayLackLeader(
  others: readonly string[],
  { reaches, runs }: { reaches: (name: string) => boolean; runs: (name: string) => boolean },
): boolean {
  const reached = others.filter(reaches)
  return reached.length + 1 < quorumOf(others.length + 1) || others.some(name => runs(name) && !reached.includes(name))
}
