import type { Cost, ReportData, ReportedEvent } from './data.ts'

function sumUp(times: readonly number[]): Cost {
  const sorted = [...times].sort((a, b) => a - b)
  const total = sorted.reduce((sum, time) => sum + time, 0)
  return {
    count: sorted.length,
    total: Math.round(total * 100) / 100,
    median: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0,
    longest: sorted.at(-1) ?? 0,
  }
}

/** Sums up what servers cost the run. */
export function costOf(events: readonly ReportedEvent[]): ReportData['cost'] {
  const times = { starts: [], seeds: [], waits: [], resets: [], replacements: [] } as Record<
    Exclude<keyof ReportData['cost'], 'crashes'>,
    number[]
  >
  let crashes = 0
  for (const event of events) {
    if (event.kind === 'start') {
      times.starts.push(event.took)
      if (event.seedTook !== undefined) times.seeds.push(event.seedTook)
    } else if (event.kind === 'lease') times.waits.push(event.waited)
    else if (event.kind === 'reset') times.resets.push(event.took)
    else if (event.kind === 'replacement') times.replacements.push(event.took)
    else if (!event.isAsked) crashes++
  }
  return {
    starts: sumUp(times.starts),
    seeds: sumUp(times.seeds),
    waits: sumUp(times.waits),
    resets: sumUp(times.resets),
    replacements: sumUp(times.replacements),
    crashes,
  }
}
