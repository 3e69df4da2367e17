import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigMode } from '../../config/config-mode.ts'
import { fixturesDirectory } from '../../package-files.ts'
import { luaLiteral } from '../../protocol/lua-literal.ts'
import type { InitScript, ScriptPlace } from './init-script.ts'

/**
 * Writes the boot script of an instance of a cluster. Tarantool runs the script before it reads the config, which belongs
 * to the whole cluster.
 */
export function writeConfigModeScript(
  { name, appDir, peers, peerSocket, isAnonymous, isRouter, ready }: ConfigMode,
  { addresses, workDir, access }: ScriptPlace,
): InitScript {
  const nonce = `tarantool-fixture-${randomUUID()}`
  const bootFile = join(workDir, 'boot.lua')
  const bootOptions = {
    nonce,
    owner: process.pid,
    agent: addresses.own.agent,
    access: access.gate,
    fixtures: fixturesDirectory,
    name,
    app_dir: appDir,
    peers,
    peer_address: `unix/:${peerSocket}`,
    is_anonymous: isAnonymous,
    is_router: isRouter,
    ready,
  }
  const loader = luaLiteral(join(fixturesDirectory, 'cluster', 'boot.lua'))
  writeFileSync(bootFile, `assert(loadfile(${loader}))(${luaLiteral(bootOptions)})\n`, { mode: 0o600 })
  return { bootFile, addresses, nonce, lineMap: () => undefined }
}
