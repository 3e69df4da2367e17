const partsOf = (clock: string): [string, bigint][] =>
  clock
    .split(';')
    .filter(part => part !== '')
    .map(part => {
      const [id = '', lsn = ''] = part.split(':')
      return [id, BigInt(lsn)]
    })

/** The vector clock of a member that has all the data of several members. A clock is a text: `1:23;2:5`. */
export function joinClocks(clocks: readonly string[]): string {
  const [first = '', ...others] = clocks
  if (others.every(other => other === first)) return first
  const joint = new Map<string, bigint>()
  for (const [id, lsn] of clocks.flatMap(partsOf)) {
    const known = joint.get(id)
    if (known === undefined || lsn > known) joint.set(id, lsn)
  }
  return [...joint].map(([id, lsn]) => `${id}:${lsn}`).join(';')
}
