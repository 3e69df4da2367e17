/** The kinds of changes in a level of a member. */
export interface LevelChanges {
  /** State of the member's own, which is not replicated. */
  readonly own: boolean
  /** The same, but a new process may have that state from the config: options of `box.cfg`, and global variables. */
  readonly comparable: boolean
  /** Rows, schema or values of sequences, which are replicated. */
  readonly replicated: boolean
}

/** The state of a member of a cluster, as the member tells it. */
export interface MemberState {
  /** The number of changes that were undone. */
  readonly undone: number
  /** The changes in each remaining level below the one on top, from the lowest on. */
  readonly levels: readonly LevelChanges[]
  /** The vector clock: `1:23;2:5`. */
  readonly clock: string
  readonly clients: boolean
  /** Nothing was undone, because a change is replicated. */
  readonly waits: boolean
  readonly ro: boolean
  /** The stream from another member has stopped with an error. */
  readonly hasStopped: boolean
  /** The values of sequences differ from those when the level began. */
  readonly sequences: boolean
  /** Nothing was undone, because options of elections or of the quorum differ. */
  readonly disagrees: boolean
  /** The members that are left are fewer than the quorum. */
  readonly areFew: boolean
  /** The id of the member that owns the queue of synchronous transactions. Undefined if none does. */
  readonly owner: string | undefined
  /** The term, the leader and the owner of the synchronous queue that the member knows, if it takes part in elections. */
  readonly view?: string | undefined
  /** A digest of the comparable state, if a level below the one on top has changed it, or if the member has joined. */
  readonly comparable?: string | undefined
  /** A digest of the values of all sequences, if it was asked for. */
  readonly digestOfSequences?: string | undefined
}

const ofOwner = 'owner:'

const changesOf = (digit: string): LevelChanges => {
  const sum = Number(digit)
  return { own: (sum & 1) > 0, comparable: (sum & 2) > 0, replicated: (sum & 4) > 0 }
}

/** Reads a member's reply: `10 05 1:23;2:5 waits,ro 3,1,1`. */
export function readMemberState(reply: string): MemberState {
  const [undone, levels = '', clock = '', words = '', view = '', comparable = '', sequences = ''] = reply.split(' ')
  const is = new Set(words.split(','))
  const owner = [...is].find(word => word.startsWith(ofOwner))
  return {
    ...{ undone: Number(undone), levels: Array.from(levels, changesOf), clock, view: view === '' ? undefined : view },
    ...{ clients: is.has('clients'), waits: is.has('waits'), ro: is.has('ro'), sequences: is.has('sequences') },
    ...{
      disagrees: is.has('disagrees'),
      areFew: is.has('few'),
      hasStopped: is.has('stopped'),
      owner: owner?.slice(ofOwner.length),
    },
    comparable: comparable === '' ? undefined : comparable,
    digestOfSequences: sequences === '' ? undefined : sequences,
  }
}
