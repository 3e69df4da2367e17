/** The middle of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export interface Comparison {
  /** Milliseconds, medians over the pairs. */
  readonly ours: number
  readonly bare: number
  /** `ours / bare`. */
  readonly ratio: number
}

/**
 * Times two things in turn, A B B A A B …, so that the machine's mood hits both, and compares their medians. Each returns
 * the milliseconds that it took. The first pair warms up and does not count.
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
  const medians = { ours: median(times.ours), bare: median(times.bare) }
  return { ...medians, ratio: medians.ours / medians.bare }
}

/** Prints a comparison beside the ratio that it should stay below. */
export function report(name: string, comparison: Comparison, atMost: number): void {
  const { ours, bare, ratio } = comparison
  const verdict = ratio <= atMost ? 'ok' : 'OVER'
  console.log(
    `${name.padEnd(44)} ${ours.toFixed(2).padStart(9)} ms ${bare.toFixed(2).padStart(9)} ms   ratio ${ratio.toFixed(3)} (at most ${atMost.toFixed(2)}: ${verdict})`,
  )
}

/** Prints a time in milliseconds beside what it should stay below. */
export function reportTime(name: string, took: number, atMost: number): void {
  console.log(`${name.padEnd(68)} ${took.toFixed(2)} ms (at most ${atMost}: ${took <= atMost ? 'ok' : 'OVER'})`)
}
