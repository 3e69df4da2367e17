import type { TarantoolInstance } from '../instance/instance.ts'
import type { ServerFacts } from '../isolation/server.ts'
import type { LeasedServerInfo } from './messages.ts'

/** What an instance itself knows of what a worker is told. */
type InstanceInfo = Omit<LeasedServerInfo, keyof ServerFacts | 'keepsOnFailure'>

/** What a worker is told of the process behind its server. */
export function infoOf(instance: TarantoolInstance): InstanceInfo {
  const { fingerprint, host, port, uri, credentials, workDir, logFile, consoleHost, consolePort, address } = instance
  return {
    fingerprint,
    host,
    port,
    uri,
    user: credentials?.user,
    password: credentials?.password,
    pid: instance.pid ?? 0,
    version: instance.version().text,
    workDir,
    logFile,
    consoleHost,
    consolePort,
    address,
  }
}
