import type { TarantoolInstance } from '../instance/instance.ts'
import type { Address, NamedAddress } from '../protocol/address.ts'
import type { ProcessInfo } from './messages.ts'

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
