import crypto from 'node:crypto'
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import timers from 'node:timers'

// Node's own functions, taken when a worker loads this module, before a test can replace them by mocks and fake timers.
// A test environment such as jsdom puts a browser's timers in the place of Node's.
export const connect: typeof net.connect = net.connect
export const createHash: typeof crypto.createHash = crypto.createHash
export const randomBytes: typeof crypto.randomBytes = crypto.randomBytes
export const setTimeout: typeof timers.setTimeout = timers.setTimeout
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout
export const setInterval: typeof timers.setInterval = timers.setInterval
export const clearInterval: typeof timers.clearInterval = timers.clearInterval
export const setImmediate: typeof timers.setImmediate = timers.setImmediate

/** Milliseconds since some moment in the past. */
export const now: () => number = performance.now.bind(performance)
