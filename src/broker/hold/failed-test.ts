import type { ResolvedServer } from '../../config/fixture-config.ts'
import type { KeptFor } from '../../instance/kept/keep.ts'
import { placeOf } from '../../instance/place/place.ts'
import type { CurrentProcess } from '../current-process.ts'
import type { FailedServer } from '../failed-server.ts'
import { infoOf } from '../server-info.ts'
import type { Spare } from '../spare.ts'
import { type HeldServers, mostHeld } from './held-servers.ts'
import { whyNotMovable } from './why-not.ts'

/** A server of a pool whose test has failed. */
export interface FailedTestServer {
  readonly options: ResolvedServer
  readonly current: CurrentProcess
  readonly spare: Spare
  readonly held: HeldServers
  /** See `FailedTest`. */
  readonly isNeeded: boolean | undefined
}

/** Does with the server of a failed test what its options `keep` and `hold` say. */
export async function failTest(about: KeptFor, server: FailedTestServer): Promise<FailedServer> {
  const { current, held, options } = server
  const kept = (await current.testFailed(about)) ?? undefined
  const isToHold = server.isNeeded !== undefined && held.holdingOf(options.hold) === 'on-failure'
  return isToHold ? await hold(about, server, kept) : { kept }
}

async function hold(about: KeptFor, server: FailedTestServer, kept: FailedServer['kept']): Promise<FailedServer> {
  const { options, current, spare, held, isNeeded = false } = server
  const { instance } = current
  const reason = whyNotMovable({ options, instance, isNeeded })
  if (reason !== undefined) {
    // Nobody needs the data of a server that has died: its error says how.
    if (!instance.isRunning) return { kept }
    // The run's directory is removed after the run.
    const data = kept ?? (await current.keepData(about, placeOf(options.root, options.logger)))
    held.miss({ about, reason, directory: 'directory' in data ? data.directory : undefined })
    return { kept: data, hold: { reason } }
  }
  if (held.isFull) {
    held.turnAway()
    return { kept, hold: { reason: `${mostHeld} servers are held already` } }
  }
  try {
    await held.add(about, instance, () => current.moveAway(spare))
    return { kept, hold: { held: infoOf(instance) } }
  } catch (error) {
    const why = (error as Error).message.split('\n')[0] ?? ''
    held.miss({ about, reason: why, directory: kept && 'directory' in kept ? kept.directory : undefined })
    return { kept, hold: { reason: why } }
  }
}
