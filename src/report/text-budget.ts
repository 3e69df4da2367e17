import type { Outcome, TestEvent } from '../broker/run-events.ts'

// In characters. A page of this size still opens at once.
const most: Readonly<Record<Outcome, number>> = { failed: 8_000_000, passed: 4_000_000, skipped: 0 }

const sizeOf = (lines: readonly string[] = []): number => lines.reduce((sum, line) => sum + line.length + 3, 0)

/** Bounds the logs and changes of all tests. Passed tests take nothing from those that failed. */
export class TextBudget {
  readonly #spent: Record<Outcome, number> = { failed: 0, passed: 0, skipped: 0 }

  /** True if there is room for the texts of a test. */
  grants({ outcome, log, changes }: TestEvent): boolean {
    const size = sizeOf(log) + sizeOf(changes)
    if (this.#spent[outcome] + size > most[outcome]) return size === 0
    this.#spent[outcome] += size
    return true
  }
}
