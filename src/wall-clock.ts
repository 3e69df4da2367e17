import { performance } from 'node:perf_hooks'

const sinceOrigin: () => number = performance.now.bind(performance)
const origin = performance.timeOrigin

/** Milliseconds since 1970, with fractions. Other than `Date.now()`, it is the same clock under a test's fake timers. */
export const wallClock = (): number => origin + sinceOrigin()
