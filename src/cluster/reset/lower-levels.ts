import type { MemberAgent } from './member-agent.ts'
import type { MemberState } from './member-state.ts'

/**
 * Knows which levels of a replica set hold changes. These levels are below the one on top, so they do not change any more.
 */
export class LowerLevels {
  /** By the number of the level: any member has changes in it. */
  #kept: boolean[] = []
  /** By the number of the level: the member has changes in it that are not replicated. */
  readonly #own = new Map<MemberAgent, boolean[]>()
  /** The number of the lowest level whose changes a member has recorded. Default: 0, all levels. */
  readonly #begins = new Map<MemberAgent, number>()

  get kept(): readonly boolean[] {
    return this.#kept
  }

  /** A level counts as changed until the members have told about it. */
  isChangedBelow(level: number): boolean {
    return this.#lowestUnchangedFrom(level) > 0
  }

  /** The member has changes below a level that no other member has. */
  hasOwnBelow(level: number, member: MemberAgent): boolean {
    const own = this.#own.get(member) ?? []
    return Array.from({ length: level }, (_, index) => own[index] !== false).includes(true)
  }

  /** The member has begun with the data of others, whose changes on this level it has not recorded. */
  lacks(level: number, member: MemberAgent): boolean {
    return (this.#begins.get(member) ?? 0) > level
  }

  /** The levels from this one on are not there, or may change again. */
  cut(level: number): void {
    this.#kept = this.#kept.slice(0, level)
    for (const [member, own] of this.#own) this.#own.set(member, own.slice(0, level))
  }

  note(member: MemberAgent, { kept, own }: Pick<MemberState, 'kept' | 'own'>): void {
    for (const [level, digit] of [...kept].entries()) this.#kept[level] = digit === '1' || this.#kept[level] === true
    if (own !== '') this.#own.set(member, isOne(own))
  }

  /** The member begins with the data of the others, on top of a number of levels. */
  begin(member: MemberAgent, level: number): void {
    this.#begins.set(member, this.#lowestUnchangedFrom(level))
    this.#own.set(
      member,
      Array.from({ length: level }, () => false),
    )
  }

  // All levels from this one up to a level are without changes.
  #lowestUnchangedFrom(level: number): number {
    let lowest = level
    while (lowest > 0 && this.#kept[lowest - 1] === false) lowest--
    return lowest
  }
}

const isOne = (digits: string): boolean[] => Array.from(digits, digit => digit === '1')
