import { type ResolvedOptions, resolveOptions } from '../config/resolve.ts'
import type { ServerOptions } from '../config/server-options.ts'
import { programOf } from '../instance/start/program-of.ts'
import type { Version } from '../version/version.ts'
import { serializeError } from './error-transport.ts'
import type { BrokerTicket } from './messages.ts'

type Servers = ReadonlyMap<string, ServerOptions>
type Versions = NonNullable<BrokerTicket['versions']>

const optionsOf = (
  { isolation: _isolation, strict: _strict, ...options }: ServerOptions,
  baseDir: string,
): ResolvedOptions => resolveOptions(options, baseDir)

/**
 * Finds, and where needed downloads, the Tarantool of each server before a test file runs: a download takes long, and shows
 * its progress. A failure is not told here but to the files that lease such a server. Images are left to the servers'
 * starts: the engine may be one that takes long to say that it is not there.
 */
export async function obtainPrograms(servers: Servers, baseDir: string): Promise<void> {
  for (const server of servers.values()) {
    try {
      if (server.docker === undefined) await programOf(optionsOf(server, baseDir)).obtain()
    } catch {
      // The start of a server fails for the same reason.
    }
  }
}

/** The version of each server, or why it cannot be told; none of an image, which only its engine could tell. */
export async function findVersions(servers: Servers, baseDir: string): Promise<Versions> {
  return await versionsOf(servers, async server => await programOf(optionsOf(server, baseDir)).version())
}

/** The same for files that are only listed: nothing is downloaded for that. */
export async function versionsAtHand(servers: Servers, baseDir: string): Promise<Versions> {
  const versions = await versionsOf(
    servers,
    async server => await programOf(optionsOf(server, baseDir), { download: false }).version(),
  )
  return Object.fromEntries(Object.entries(versions).filter(([, version]) => typeof version === 'string'))
}

async function versionsOf(servers: Servers, ask: (server: ServerOptions) => Promise<Version>): Promise<Versions> {
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
