/** Counts what random programs do, so that a run shows that it tests what it says. */
export class Tally {
  readonly #counts = new Map<string, number>()

  count(what: string, by = 1): void {
    this.#counts.set(what, this.of(what) + by)
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0
  }

  toString(): string {
    const lines = [...this.#counts].map(([what, count]) => `${String(Math.round(count)).padStart(6)} ${what}`)
    return lines.sort().join('\n')
  }
}
