/** The middle of a list of numbers. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The number below which a share of the numbers lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** A measured value with its spread: half of the measurements lie between `low` and `high`. */
export interface Measured {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** The median of some measurements, and their quartiles. */
export function measured(values: readonly number[]): Measured {
  return { value: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) }
}

export interface Comparison {
  /** Milliseconds, medians over the pairs. */
  readonly ours: number
  readonly bare: number
  /** `ours / bare` of each pair. */
  readonly ratio: Measured
  /** `ours - bare` of each pair, in milliseconds. */
  readonly difference: Measured
}

/** Compares two lists of times, of which each two belong to one pair. */
export function comparisonOf(ours: readonly number[], bare: readonly number[]): Comparison {
  const ofPairs = (of: (time: number, bareTime: number) => number): Measured =>
    measured(ours.map((time, pair) => of(time, bare[pair] ?? Number.NaN)))
  return {
    ours: median(ours),
    bare: median(bare),
    ratio: ofPairs((time, bareTime) => time / bareTime),
    difference: ofPairs((time, bareTime) => time - bareTime),
  }
}

/** A measurement of several equal things together, for each of them. */
export const perPiece = ({ value, low, high }: Measured, count: number): Measured => ({
  value: value / count,
  low: low / count,
  high: high / count,
})

/**
 * Times two things in turn, A B B A A B …, so that the machine's mood hits both, and compares the two of each pair. Each
 * returns the milliseconds that it took. The first pair warms up and does not count.
 */
export async function compare(
  pairs: number,
  ours: () => Promise<number>,
  bare: () => Promise<number>,
): Promise<Comparison> {
  const times: { ours: number[]; bare: number[] } = { ours: [], bare: [] }
  for (let pair = 0; pair <= pairs; pair++) {
    const order = pair % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)
    for (const name of order) {
      const took = await (name === 'ours' ? ours() : bare())
      if (pair > 0) times[name].push(took)
    }
  }
  return comparisonOf(times.ours, times.bare)
}
