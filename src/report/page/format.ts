/** A time in milliseconds as a short text: `0.42 ms`, `34 ms`, `1.5 s`, `2 min 5 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(2)} ms`
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `1,234 resets`, `1 reset`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`
}

/** The label of a place on the time axis, for ticks that are so far apart. */
export function tickLabel(at: number, step: number): string {
  if (step < 1000) return at < 1000 ? `${round(at)} ms` : `${(at / 1000).toFixed(step < 10 ? 3 : 2)} s`
  return at < 60_000 ? `${at / 1000} s` : `${Math.floor(at / 60_000)}:${String((at / 1000) % 60).padStart(2, '0')}`
}

const round = (value: number): number => Math.round(value * 100) / 100
