import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ConfigMode } from '../../config/config-mode.ts'
import type { ResolvedOptions } from '../../config/resolve.ts'
import { fixturesDirectory } from '../../package-files.ts'
import { luaLiteral } from '../../protocol/lua-literal.ts'
import type { InitScript, ScriptPlace } from './init-script.ts'
import { lineCountsFile } from './line-counts.ts'
import { variablesOfOneServer } from './own-variables.ts'

/**
 * Writes the boot script of an instance of a cluster. Tarantool runs the script before it reads the config, which belongs
 * to the whole cluster.
 */
export function writeConfigModeScript(
  {
    name,
    configFile,
    appDir,
    peers,
    lacksPeers,
    mayLackLeader,
    peerSocket,
    isAnonymous,
    isRouter,
    ready,
    templateDuty,
  }: ConfigMode,
  { env, recordChanges }: Pick<ResolvedOptions, 'env' | 'recordChanges'>,
  { addresses, workDir, access }: ScriptPlace,
): InitScript {
  const nonce = `tarantool-fixture-${randomUUID()}`
  const bootFile = join(workDir, 'boot.lua')
  const template = templateDuty()
  const bootOptions = {
    nonce,
    owner: process.pid,
    agent: addresses.own.agent,
    access: access.gate,
    fixtures: fixturesDirectory,
    name,
    app_dir: appDir,
    peers: peers().map(peer => ({ name: peer })),
    lacks_peers: lacksPeers(),
    may_lack_leader: mayLackLeader(),
    peer_address: `unix/:${peerSocket}`,
    is_anonymous: isAnonymous,
    is_router: isRouter,
    ready,
    // The directory of the whole cluster: what is read there is different for each cluster.
    work_dir: dirname(configFile),
    own_variables: variablesOfOneServer(addresses, env),
    line_counts: lineCountsFile(nonce),
    record_changes: recordChanges,
    template: template && { duty: template.duty, ignore_password_of: template.ignorePasswordOf },
  }
  const loader = luaLiteral(join(fixturesDirectory, 'cluster', 'boot.lua'))
  writeFileSync(bootFile, `assert(loadfile(${loader}))(${luaLiteral(bootOptions)})\n`, { mode: 0o600 })
  return { bootFile, addresses, nonce, lineMap: () => undefined }
}
