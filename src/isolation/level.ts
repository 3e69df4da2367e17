import type { Scope } from './scope.ts'

/** Changes that outlive a test: changes of the file or of a suite outside its tests. */
export interface Level {
  /** Undefined for the file. */
  readonly suite: Scope | undefined
  /**
   * The number of the process's levels that stay when a test of this level begins. 0 if the process does not know that
   * state: its lowest level began later, or stands for this level and another.
   */
  keep: number
  changed: boolean
  /** The reason why the changes are lost. */
  lost?: string | undefined
  /** The digest of all data before each test of this level. */
  digest?: string | undefined
}

/** The owner of the changes that the process records now. */
export type Top =
  /** The innermost level's own hooks. */
  | 'hooks'
  /** A test, or the code after a test. Its changes go to a level above the innermost level's, which will be undone. */
  | 'tests'
  /**
   * Tests that share their changes with everything after them. As for `'tests'`, but the innermost level gets the
   * changes.
   */
  | 'staying tests'

/** Begins the reason of a loss: a test had a process of its own, and the former process could not stand aside. */
export const ownProcess = 'a test had isolation '

/** The level of a file that begins. */
export const newFile = (): Level => ({ suite: undefined, keep: 1, changed: false })

/** Notes that the process which recorded the levels' changes has ended. */
export function loseChanges(levels: readonly Level[], why: string): void {
  for (const level of levels) {
    if (level.changed) level.lost ??= why
    level.changed = false
  }
}

/**
 * Notes which levels have changes.
 *
 * @param kept for each level of the process, from the lowest on, whether anything changed in it
 * @param wasBefore the lowest level of the process began with changes
 */
export function noteKept(levels: readonly Level[], kept: readonly boolean[], wasBefore: boolean): void {
  const changed = new Map<Level, boolean>()
  for (const [index, isChanged] of kept.entries()) {
    const level = levels.find(({ keep }) => index < keep)
    if (level) changed.set(level, changed.get(level) === true || isChanged || (index === 0 && wasBefore))
  }
  for (const [level, isChanged] of changed) level.changed = isChanged
}
