import type { ResolvedServer } from '../config/fixture-config.ts'
import { programOf } from '../instance/start/program-of.ts'
import type { Version } from '../version/version.ts'
import { serializeError } from './error-transport.ts'
import type { BrokerTicket } from './messages.ts'

type Servers = ReadonlyMap<string, ResolvedServer>
type Versions = NonNullable<BrokerTicket['versions']>

/**
 * Finds, and downloads if necessary, the Tarantool of each server before a test file runs. A download takes long and
 * shows its progress. The files that lease such a server report a failure. The servers' starts look for images, because
 * an engine may take long to say that it does not run.
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

/**
 * The version of each server, or the reason why it cannot be found. An image has none, because only its engine knows
 * it.
 */
export async function findVersions(servers: Servers): Promise<Versions> {
  return await versionsOf(servers, async server => await programOf(server).version())
}

/** The same for files that are only listed. Nothing is downloaded for a list. */
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
