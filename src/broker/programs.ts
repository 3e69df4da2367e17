import type { ResolvedServer } from '../config/fixture-config.ts'
import { programOf } from '../instance/start/program-of.ts'
import type { Version } from '../version/version.ts'
import { serializeError } from './error-transport.ts'
import type { BrokerTicket } from './messages.ts'

type Servers = ReadonlyMap<string, ResolvedServer>
type Versions = NonNullable<BrokerTicket['versions']>

/**
 * Finds, and where needed downloads, the Tarantool of each server before a test file runs: a download takes long, and shows
 * its progress. A failure is not told here but to the files that lease such a server. Images are left to the servers'
 * starts: the engine may be one that takes long to say that it is not there.
 */
export async function obtainPrograms(servers: Servers): Promise<void> {
  for (const server of servers.values()) {
    try {
      if (server.docker === undefined) await programOf(server).obtain()
    } catch {
      // The start of a server fails for the same reason.
    }
  }
}

/** The version of each server, or why it cannot be told; none of an image, which only its engine could tell. */
export async function findVersions(servers: Servers): Promise<Versions> {
  return await versionsOf(servers, async server => await programOf(server).version())
}

/** The same for files that are only listed: nothing is downloaded for that. */
export async function versionsAtHand(servers: Servers): Promise<Versions> {
  const versions = await versionsOf(servers, async server => await programOf(server, { download: false }).version())
  return Object.fromEntries(Object.entries(versions).filter(([, version]) => typeof version === 'string'))
}

async function versionsOf(servers: Servers, ask: (server: ResolvedServer) => Promise<Version>): Promise<Versions> {
  const versions: Record<string, Versions[string]> = {}
  for (const [name, server] of servers) {
    if (server.docker !== undefined) continue
    try {
      versions[name] = (await ask(server)).text
    } catch (error) {
      versions[name] = serializeError(error)
    }
  }
  return versions
}
