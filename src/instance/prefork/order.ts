import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { umask } from 'node:process'
import { fixturesDirectory } from '../../package-files.ts'

/** A server for a zygote to fork: what a spawn would be given. */
export interface ForkOrder {
  readonly bootFile: string
  readonly directory: string
  readonly logFile: string
  readonly env: Readonly<Record<string, string>>
}

// Lua files that a server loads by itself, or on a request of the fixture's.
function filesOfServers(): string[] {
  const ofFolder = (folder: string): string[] =>
    readdirSync(join(fixturesDirectory, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.lua'))
      .map(name => join(fixturesDirectory, folder, name))
  return [join(fixturesDirectory, 'boot.lua'), ...ofFolder('boot'), ...ofFolder('agent')]
}

/** The line that lets a zygote compile the fixture's Lua, once for all of its servers. */
export const compileLine = (): string => `${JSON.stringify({ compile: filesOfServers() })}\n`

/** Writes an order as the line that fixtures/prefork/boot.lua reads. */
export function orderLine(
  id: number,
  { bootFile, directory, logFile, env }: ForkOrder,
  zygoteEnv: Readonly<Record<string, string>>,
  socket: string,
): string {
  const line = {
    id: String(id),
    boot: bootFile,
    directory,
    log: logFile,
    socket,
    umask: umask(),
    set: Object.fromEntries(Object.entries(env).filter(([name, value]) => zygoteEnv[name] !== value)),
    unset: Object.keys(zygoteEnv).filter(name => !(name in env)),
  }
  return `${JSON.stringify(line)}\n`
}
