import type { ResolvedServer } from '../config/fixture-config.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { Address, NamedAddress } from '../protocol/address.ts'
import { isTraced } from '../trace.ts'
import type { Holding } from './hold/holding.ts'
import type { LeasedServerInfo, ProcessInfo } from './leased-info.ts'

/** The information for a worker about the process behind its server. */
export function infoOf(instance: TarantoolInstance): ProcessInfo {
  const { fingerprint, host, port, ports, uri, credentials, workDir, logFile, consoleHost, consolePort, address } =
    instance
  const named = (one: Address): NamedAddress => ({ ...one, fingerprint })
  return {
    fingerprint,
    host,
    port,
    ports,
    uri,
    user: credentials?.user,
    password: credentials?.password,
    pid: instance.pid ?? 0,
    version: instance.isRunning ? instance.version().text : '',
    workDir,
    logFile,
    consoleHost,
    consolePort,
    address: { ...address, binary: named(address.binary), console: named(address.console) },
    hasLinks: instance.hasLinks,
  }
}

/** The facts for what a worker prints of a server, and for what happens when a test fails. */
type ReportingInfo = Pick<LeasedServerInfo, 'isLive' | 'isTraced' | 'keepsOnFailure' | 'holding' | 'showsChanges'>

/** The information for a worker that follows from the options of a server. */
export const reportingOf = ({ log, keep, showChanges }: ResolvedServer, holding: Holding): ReportingInfo => ({
  isLive: log === 'live' || isTraced(),
  isTraced: isTraced(),
  keepsOnFailure: keep === 'on-failure',
  holding,
  showsChanges: showChanges,
})
