import type { Comparison, Measured } from './pairs.ts'

/** A row of docs/costs.md, as this run has measured it. */
export interface Row {
  readonly label: string
  readonly cell: string
}

/** The rows of this run so far. */
export const rows: Row[] = []

// So many digits as tell two values apart.
function digitsOf(value: number): number {
  if (Math.abs(value) < 0.005) return 4
  return Math.abs(value) < 100 ? 2 : 0
}

function cellOf({ value, low, high }: Measured, unit: string): string {
  const digits = digitsOf(value)
  const spread = low === high ? '' : ` (${low.toFixed(digits)} to ${high.toFixed(digits)})`
  return `${value.toFixed(digits)} ${unit}${spread}`
}

interface Limits {
  readonly atMost?: number | undefined
  readonly atLeast?: number | undefined
}

function verdictOf(value: number, { atMost, atLeast }: Limits): string {
  if (atMost !== undefined) return `, at most ${atMost}: ${value <= atMost ? 'ok' : 'OVER'}`
  return atLeast === undefined ? '' : `, at least ${atLeast}: ${value >= atLeast ? 'ok' : 'BELOW'}`
}

function tell(label: string, value: Measured, unit: string, limits: Limits, more = ''): void {
  const cell = cellOf(value, unit)
  rows.push({ label, cell })
  const verdict = verdictOf(value.value, limits)
  console.log(`${label}\n    ${cell}${more}${verdict}`)
}

/** Reports a comparison, beside the ratio that it should stay below. */
export function report(label: string, { ours, bare, ratio }: Comparison, atMost?: number): void {
  tell(label, ratio, '×', { atMost }, `   ${ours.toFixed(2)} ms, ${bare.toFixed(2)} ms`)
}

/** Reports how much longer the first takes, beside the ratio that it should reach. */
export function reportGain(label: string, { ours, bare, ratio }: Comparison, atLeast?: number): void {
  tell(label, ratio, '×', { atLeast }, `   ${ours.toFixed(2)} ms, ${bare.toFixed(2)} ms`)
}

/** Reports a value in a unit, beside what it should stay below. */
export function reportValue(label: string, value: Measured | number, unit: string, atMost?: number): void {
  const single = typeof value === 'number' ? { value, low: value, high: value } : value
  tell(label, single, unit, { atMost })
}

/** Reports a time in milliseconds, beside what it should stay below. */
export function reportTime(label: string, time: Measured | number, atMost?: number): void {
  reportValue(label, time, 'ms', atMost)
}
