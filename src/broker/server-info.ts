import type { TarantoolInstance } from '../instance/instance.ts'
import type { ServerFacts } from '../isolation/server.ts'
import type { LeasedServerInfo } from './messages.ts'

/** The part of a worker's information that an instance itself knows. */
type InstanceInfo = Omit<
  LeasedServerInfo,
  keyof ServerFacts | 'keepsOnFailure' | 'showsChanges' | 'isLive' | 'isTraced' | 'isReported'
>

/** The information for a worker about the process behind its server. */
export function infoOf(instance: TarantoolInstance): InstanceInfo {
  const { fingerprint, host, port, ports, uri, credentials, workDir, logFile, consoleHost, consolePort, address } =
    instance
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
    address,
  }
}
