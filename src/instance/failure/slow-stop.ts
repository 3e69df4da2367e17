import type { ResolvedOptions } from '../../config/resolve.ts'
import { asPlainLine } from '../../log/plain-line.ts'
import { tailOf } from '../../log/tail.ts'
import type { ProcessExit } from '../control/exit.ts'
import type { TarantoolProcess } from '../process.ts'
import { tellOnce } from './tell-once.ts'

const fromShutdown = /\/on_shutdown\b/
const timedOut = /\btimed out\b/
const fibersStay = /cannot gracefully shutdown client fibers/

const triggerHangs = 'a box.ctl.on_shutdown trigger of the application hangs'
const fiberStays =
  'a fiber of the application does not end when it is cancelled. A loop that calls pcall has to call fiber.testcancel(), too'

const whyKilled = `${triggerHangs}, or its Lua never yields`

/**
 * Explains why a server took its full time to end after SIGTERM. Tarantool gives up after 3 s, from 2.8 on. Undefined
 * if its log does not say why.
 *
 * @param lines the last lines of the log
 */
function whySlow(lines: readonly string[]): string | undefined {
  const own = lines.map(asPlainLine).filter(line => fromShutdown.test(line))
  if (!own.some(line => timedOut.test(line))) return undefined
  return own.some(line => fibersStay.test(line)) ? fiberStays : triggerHangs
}

/**
 * Reports why a stop took long. Each stop of the application costs that time, and users would not find the reason
 * otherwise.
 *
 * @param exit of the process after SIGTERM
 */
export function tellOfSlowStop(
  instance: string,
  process: TarantoolProcess,
  exit: ProcessExit,
  { stopTimeout, logger }: ResolvedOptions,
): void {
  const tell = (text: string): void => tellOnce(`${instance} ${text}`, logger, text)
  if (exit.signal === 'SIGKILL') {
    tell(`did not end within ${stopTimeout} ms (stopTimeout) of SIGTERM, and was killed: ${whyKilled}`)
    return
  }
  const why = whySlow(tailOf(process.log.path, process.logStart, 10))
  if (why !== undefined) tell(`took the full time that Tarantool allows for a shutdown: ${why}`)
}
