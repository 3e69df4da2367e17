import type { MemberAgent } from './member-agent.ts'
import type { LevelChanges, MemberState } from './member-state.ts'

const isChange = ({ own, comparable, replicated }: LevelChanges): boolean => own || comparable || replicated
const none: LevelChanges = { own: false, comparable: false, replicated: false }

/**
 * Knows which levels of a replica set hold changes. These levels are below the one on top, so they do not change any more.
 */
export class LowerLevels {
  /** By the number of the level: any member has changes in it. */
  #kept: boolean[] = []
  /** By the number of the level: the changes of the member. */
  readonly #changes = new Map<MemberAgent, readonly LevelChanges[]>()
  /** By the number of the level: a digest of the comparable state with which it began, if a level below has changed it. */
  readonly #comparable = new Map<MemberAgent, (string | undefined)[]>()
  /** The number of the lowest level whose changes a member has recorded. Default: 0, all levels. */
  readonly #begins = new Map<MemberAgent, number>()

  get kept(): readonly boolean[] {
    return this.#kept
  }

  /**
   * Some members have changes below a level that a process with the template's data lacks. A level counts as changed until
   * all members have told about it.
   *
   * @param terms `compares`: comparable changes do not count, because new processes are compared
   */
  isChangedBelow(level: number, members: readonly MemberAgent[], { compares }: { compares: boolean }): boolean {
    const isOnlyComparable = (index: number, member: MemberAgent): boolean => {
      const changes = this.#changes.get(member)?.[index]
      return compares && changes !== undefined && !changes.own && !changes.replicated
    }
    const isChanged = (index: number): boolean =>
      this.#kept[index] !== false && members.some(member => !isOnlyComparable(index, member))
    return Array.from({ length: level }, (_, index) => isChanged(index)).includes(true)
  }

  /**
   * The member has changes below a level that no other member has.
   *
   * @param terms `compares`: comparable changes do not count, because the new process is compared
   */
  hasOwnBelow(level: number, member: MemberAgent, { compares }: { compares: boolean }): boolean {
    const changes = this.#changes.get(member) ?? []
    const hasOwn = (index: number): boolean => {
      const { own = true, comparable = true } = changes[index] ?? {}
      return own || (comparable && !compares)
    }
    return Array.from({ length: level }, (_, index) => hasOwn(index)).includes(true)
  }

  /**
   * True if a new process has the comparable state with which a level began, given its digest. It has, if that state comes
   * from the config.
   */
  beginsAs(level: number, member: MemberAgent, digest: string | undefined): boolean {
    const below = this.#changes.get(member)?.slice(0, level) ?? []
    return !below.some(({ comparable }) => comparable) || this.#comparable.get(member)?.[level] === digest
  }

  /** The member has begun with the data of others, whose changes on this level it has not recorded. */
  lacks(level: number, member: MemberAgent): boolean {
    return (this.#begins.get(member) ?? 0) > level
  }

  /** The levels from this one on are not there, or may change again. */
  cut(level: number): void {
    this.#kept = this.#kept.slice(0, level)
    for (const [member, changes] of this.#changes) this.#changes.set(member, changes.slice(0, level))
    for (const [member, digests] of this.#comparable) this.#comparable.set(member, digests.slice(0, level + 1))
  }

  note(member: MemberAgent, { levels, comparable }: Pick<MemberState, 'levels' | 'comparable'>): void {
    if (levels.length === 0) return
    for (const [level, changes] of levels.entries()) this.#kept[level] = isChange(changes) || this.#kept[level] === true
    this.#changes.set(member, levels)
    const digests = [...(this.#comparable.get(member) ?? [])]
    digests[levels.length] = comparable
    this.#comparable.set(member, digests)
  }

  /** The member begins with the data of the others, on top of a number of levels. */
  begin(member: MemberAgent, level: number): void {
    this.#begins.set(member, this.#lowestUnchangedFrom(level))
    this.#changes.set(
      member,
      Array.from({ length: level }, () => none),
    )
  }

  // All levels from this one up to a level are without changes.
  #lowestUnchangedFrom(level: number): number {
    let lowest = level
    while (lowest > 0 && this.#kept[lowest - 1] === false) lowest--
    return lowest
  }
}
