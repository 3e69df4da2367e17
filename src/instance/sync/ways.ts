import type { TarantoolInstance } from '../instance.ts'
import { type Twin, twinOf } from './twin.ts'

/** How a blocking instance has each member of `TarantoolInstance`. */
export const ways = {
  host: 'property',
  port: 'property',
  ports: 'property',
  uri: 'property',
  // A blocking program has no client that could meet a fault.
  link: 'none',
  hasLinks: 'none',
  isPaused: 'none',
  findLeader: 'none',
  noLinks: 'none',
  faults: 'none',
  credentials: 'property',
  consoleHost: 'property',
  consolePort: 'property',
  address: 'property',
  name: 'property',
  fingerprint: 'property',
  workDir: 'property',
  pid: 'property',
  replicationSource: 'property',
  version: 'method',
  binVersion: 'method',
  status: 'limited',
  prepare: 'method',
  pause: 'method',
  resume: 'method',
  cleanup: 'method',
  markFailed: 'method',
  noteKept: 'none',
  catchUpLog: 'none',
  logs: 'method',
  grepLog: 'method',
  waitForLog: 'method',
  reset: 'limited',
  changes: 'limited',
  // These members also work after the end of the thread.
  state: 'own',
  isRunning: 'own',
  logFile: 'own',
  stop: 'own',
  terminate: 'own',
  kill: 'own',
  // The values have other classes than the original's.
  log: 'own',
  process: 'own',
  logger: 'own',
  // A mapped type supports neither the type `this` nor type parameters of methods.
  start: 'own',
  ready: 'own',
  restart: 'own',
  eval: 'own',
  call: 'own',
  // The options differ from the original's.
  command: 'own',
  waitStopped: 'own',
  // Only the broker passes an address to another server, and the broker is asynchronous.
  standBy: 'none',
  takeOver: 'none',
  moveAway: 'none',
  stepAside: 'none',
  stepBack: 'none',
  beganWritable: 'none',
  askAgent: 'none',
  answered: 'none',
} as const

/** The members that are the same for a blocking instance, except that they block. */
export const BlockingInstance: Twin<TarantoolInstance, typeof ways> = /* @__PURE__ */ twinOf(ways)
