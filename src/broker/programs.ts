import type { ServerOptions } from '../config/fixture-config.ts'
import { resolveOptions } from '../config/resolve.ts'
import type { Program } from '../instance/program.ts'
import { programOf } from '../instance/program-of.ts'
import { serializeError } from './error-transport.ts'
import type { BrokerTicket } from './messages.ts'

type Servers = ReadonlyMap<string, ServerOptions>

function programFor({ isolation: _isolation, strict: _strict, ...options }: ServerOptions, baseDir: string): Program {
  return programOf(resolveOptions(options, baseDir))
}

/**
 * Finds, and where needed downloads, the Tarantool of each server before a test file runs: a download takes long, and shows
 * its progress. A failure is not told here but to the files that lease such a server. Images are left to the servers'
 * starts: the engine may be one that takes long to say that it is not there.
 */
export async function obtainPrograms(servers: Servers, baseDir: string): Promise<void> {
  for (const server of servers.values()) {
    try {
      if (server.docker === undefined) await programFor(server, baseDir).obtain()
    } catch {
      // The start of a server fails for the same reason.
    }
  }
}

/** The version of each server, or why it cannot be told. */
export async function findVersions(servers: Servers, baseDir: string): Promise<NonNullable<BrokerTicket['versions']>> {
  const versions: Record<string, NonNullable<BrokerTicket['versions']>[string]> = {}
  for (const [name, server] of servers) {
    try {
      versions[name] = (await programFor(server, baseDir).version()).text
    } catch (error) {
      versions[name] = serializeError(error)
    }
  }
  return versions
}
