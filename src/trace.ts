import { performance } from 'node:perf_hooks'
import { debuglog } from 'node:util'

const log = debuglog('tarantool-fixture')

/** Is told a step of the fixture's own work, in a few words. */
export type Trace = (step: string) => void

/** True if the environment asks for the fixture's own steps: `NODE_DEBUG=tarantool-fixture`. */
export const isTraced = (): boolean => log.enabled

/**
 * Prints a step of the fixture's own work on stderr, with the time since the process began. Prints nothing unless the
 * environment asks for it.
 *
 * @param about the server: `'[default-1 users.test.ts > adds a user] '`
 */
export function trace(step: string, about = ''): void {
  if (log.enabled) log('%s s %s%s', (performance.now() / 1000).toFixed(3), about, step)
}

/** Makes a function that tells the milliseconds since now, as a text: `'45 ms'`. */
export function stopwatch(): () => string {
  const began = performance.now()
  return () => `${Math.round(performance.now() - began)} ms`
}
