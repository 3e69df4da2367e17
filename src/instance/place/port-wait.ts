import { setTimeout as delay } from 'node:timers/promises'
import { canListen } from './port.ts'

// Pause between two checks of a port that another process has taken, in milliseconds.
const soonest = 20
const latest = 250

/**
 * Waits until another process has given up a port.
 *
 * @param address `host:port`. A socket's path causes no wait
 * @param giveUpAt the end of the wait, as a value of `performance.now()`
 */
export async function untilFree(address: string, giveUpAt: number, signal: AbortSignal): Promise<void> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  for (let wait = soonest; performance.now() < giveUpAt; wait = Math.min(2 * wait, latest)) {
    await delay(wait, undefined, { signal }).catch(() => {})
    if (signal.aborted || port === '' || (await canListen(host.replace(/^\[|\]$/g, ''), Number(port)))) return
  }
}
