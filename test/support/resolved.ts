import { type ResolvedServer, resolveFixture } from '../../src/config/fixture-config.ts'
import type { ServerOptions } from '../../src/config/server-options.ts'

/** The server of a fixture with these options. */
export const resolvedServer = (options: ServerOptions, baseDir: string = process.cwd()): ResolvedServer =>
  [...resolveFixture(options, baseDir).servers.values()][0] as ResolvedServer
