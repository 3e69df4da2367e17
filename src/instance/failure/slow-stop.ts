import { asPlainLine } from '../../log/plain-line.ts'

const fromShutdown = /\/on_shutdown\b/
const timedOut = /\btimed out\b/
const fibersStay = /cannot gracefully shutdown client fibers/

const triggerHangs = 'a box.ctl.on_shutdown trigger of the application hangs'
const fiberStays =
  'a fiber of the application does not end when it is cancelled. A loop that calls pcall has to call fiber.testcancel(), too'

/** Says why a server had to be killed. */
export const whyKilled: string = `${triggerHangs}, or its Lua never yields`

/**
 * Says why a server took its whole time to end after SIGTERM: Tarantool gives up after 3 s, from 2.8 on. Undefined if
 * its log does not say so.
 *
 * @param lines the last lines of the log
 */
export function whySlow(lines: readonly string[]): string | undefined {
  const own = lines.map(asPlainLine).filter(line => fromShutdown.test(line))
  if (!own.some(line => timedOut.test(line))) return undefined
  return own.some(line => fibersStay.test(line)) ? fiberStays : triggerHangs
}
