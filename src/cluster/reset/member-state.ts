/** The state of a member of a cluster, as the member tells it. */
export interface MemberState {
  /** The number of changes that were undone. */
  readonly undone: number
  /** For each remaining level, from the lowest on, `1` if anything changed in that level, else `0`. */
  readonly kept: string
  /** The same for the member's own changes: those that are not replicated. */
  readonly own: string
  /** The vector clock: `1:23;2:5`. */
  readonly clock: string
  readonly clients: boolean
  /** Nothing was undone, because a change is replicated. */
  readonly waits: boolean
  readonly ro: boolean
  /** The values of sequences differ from those when the level began. */
  readonly sequences: boolean
  /** Nothing was undone, because options of elections or of the quorum differ. */
  readonly disagrees: boolean
  /** The id of the member that owns the queue of synchronous transactions. Undefined if none does. */
  readonly owner: string | undefined
  /** The term, the leader and the owner of the synchronous queue that the member knows, if it takes part in elections. */
  readonly view?: string | undefined
  /** A digest of the values of all sequences, if it was asked for. */
  readonly digestOfSequences?: string | undefined
}

const ofOwner = 'owner:'

/** Reads a member's reply: `10 01 00 1:23;2:5 waits,ro 3,1,1`. */
export function readMemberState(reply: string): MemberState {
  const [undone, kept = '', own = '', clock = '', words = '', view = '', digest = ''] = reply.split(' ')
  const is = new Set(words.split(','))
  const owner = [...is].find(word => word.startsWith(ofOwner))
  return {
    ...{ undone: Number(undone), kept, own, clock, view: view === '' ? undefined : view },
    ...{ clients: is.has('clients'), waits: is.has('waits'), ro: is.has('ro'), sequences: is.has('sequences') },
    ...{ disagrees: is.has('disagrees'), owner: owner?.slice(ofOwner.length) },
    digestOfSequences: digest === '' ? undefined : digest,
  }
}
