import {
  closeSync as fsCloseSync,
  fstatSync as fsFstatSync,
  openSync as fsOpenSync,
  readSync as fsReadSync,
  statSync as fsStatSync,
  watch as fsWatch,
} from 'node:fs'
import { open as fsOpen } from 'node:fs/promises'
import { connect as netConnect } from 'node:net'
import { performance } from 'node:perf_hooks'
import {
  clearInterval as timersClearInterval,
  clearTimeout as timersClearTimeout,
  setImmediate as timersSetImmediate,
  setInterval as timersSetInterval,
  setTimeout as timersSetTimeout,
} from 'node:timers'

// Node's own functions, taken when a worker loads this module, before a test can replace them by mocks and fake timers.
// A test environment such as jsdom puts a browser's timers in the place of Node's.
export const closeSync: typeof fsCloseSync = fsCloseSync
export const fstatSync: typeof fsFstatSync = fsFstatSync
export const open: typeof fsOpen = fsOpen
export const openSync: typeof fsOpenSync = fsOpenSync
export const readSync: typeof fsReadSync = fsReadSync
export const statSync: typeof fsStatSync = fsStatSync
export const watch: typeof fsWatch = fsWatch
export const connect: typeof netConnect = netConnect
export const setTimeout: typeof timersSetTimeout = timersSetTimeout
export const clearTimeout: typeof timersClearTimeout = timersClearTimeout
export const setInterval: typeof timersSetInterval = timersSetInterval
export const clearInterval: typeof timersClearInterval = timersClearInterval
export const setImmediate: typeof timersSetImmediate = timersSetImmediate
export const random: typeof Math.random = Math.random

/** Milliseconds since some moment in the past. */
export const now: () => number = performance.now.bind(performance)
