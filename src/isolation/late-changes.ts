/** A change that was made after an undo, and that the undo itself did not make. */
export interface LateChange {
  /** The space whose rows changed. Undefined if the schema changed. */
  readonly space?: string | undefined
  /** The rows of the space are not replicated. */
  readonly is_own: boolean
  /** Undefined if any row of the space may have changed. */
  readonly rows?: LateRows | undefined
  /** The instance or the replica set of the change, if that has to be named. */
  readonly place?: string | undefined
}

interface LateRows {
  readonly count: number
  /** One of the rows, as a text. */
  readonly first: string
  /** The primary keys of rows. The keys of some rows are missing if there are many. */
  readonly keys: readonly string[]
}

/** `3 rows of space 'users' ([1, 'ann'] and others)`. */
export function describeLateChange({ space, rows, place }: LateChange): string {
  const where = place === undefined ? '' : ` of ${place}`
  if (space === undefined) return `the schema${where}`
  if (!rows) return `the rows of space '${space}'${where}`
  const { count, first } = rows
  const [plural, others] = count === 1 ? ['', ''] : ['s', ' and others']
  return `${count} row${plural} of space '${space}'${where} (${first}${others})`
}

/** Names changes that members of a replica set have in common once. */
export function joinReplicated(changes: readonly LateChange[]): LateChange[] {
  const joint = new Map<string, LateChange>()
  for (const change of changes) {
    const key = JSON.stringify([change.space, change.is_own && change.place])
    const known = joint.get(key)
    joint.set(key, known ? { ...known, rows: joinRows(known.rows, change.rows) } : change)
  }
  return [...joint.values()]
}

function joinRows(one: LateRows | undefined, other: LateRows | undefined): LateRows | undefined {
  if (!one || !other) return undefined
  const keys = [...new Set([...one.keys, ...other.keys])]
  return { first: one.first, count: Math.max(one.count, other.count, keys.length), keys }
}
