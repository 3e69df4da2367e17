import { performance } from 'node:perf_hooks'
import timers from 'node:timers'

// Node's own, taken when a worker loads this module: a test's fake timers come later, and a test environment such as jsdom
// puts a browser's in the place of the global ones.
export const setTimeout: typeof timers.setTimeout = timers.setTimeout
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout
export const setInterval: typeof timers.setInterval = timers.setInterval
export const clearInterval: typeof timers.clearInterval = timers.clearInterval
export const setImmediate: typeof timers.setImmediate = timers.setImmediate

/** Milliseconds since some moment in the past. */
export const now: () => number = performance.now.bind(performance)
