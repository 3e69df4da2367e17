import type { LeasedServer } from './leased-server.ts'
import { instanceOf, isPaused, isStopped, resumeHint, startHint } from './request-failure.ts'

/** Says which faults of a test still hold: members of clusters that do not run, servers that are frozen, and faults of links. Undefined if there are none. */
export function describeFaults(servers: readonly LeasedServer[]): string | undefined {
  const faults = servers.flatMap(server => [
    ...(isMember(server) && isStopped(server) ? [`${nameOf(server)} does not run: ${startHint(server)}`] : []),
    ...(isPaused(server) ? [`${nameOf(server)} is paused: ${resumeHint(server)}`] : []),
    ...(server.faults?.textsFor(`the link of ${nameOf(server)}`) ?? []).map(text => `${text}: heal() ends that.`),
  ])
  return faults.length === 0
    ? undefined
    : `These faults held when it failed:\n${faults.map(text => `  ${text}`).join('\n')}`
}

const isMember = (server: LeasedServer): boolean => (server.face ?? server).info.cluster !== undefined

const nameOf = (server: LeasedServer): string =>
  isMember(server) ? `'${instanceOf(server)}'` : server.info.fingerprint
