import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownOptions, renamedOptions } from '../../config/box-cfg.ts'
import { type LuaSource, logLevelOf, memtxMemoryOf, type OptionsWithAccount, walModeOf } from '../../config/resolve.ts'
import { LuaFileError } from '../../errors.ts'
import { logFileName } from '../../log/log-file.ts'
import { fixturesDirectory } from '../../package-files.ts'
import { luaLiteral } from '../../protocol/lua-literal.ts'
import type { SeedTask } from '../../seed/seed-task.ts'
import type { InstanceAddresses } from '../place/addresses.ts'
import type { Access } from './access.ts'
import { boxCfgLayers } from './box-cfg.ts'
import { type LineMap, LuaExpression, renderTemplate } from './init-template.ts'
import { lineCountsFile } from './line-counts.ts'
import { type Membership, membershipOf } from './membership.ts'
import { portsOfServer, variablesOfOneServer } from './own-variables.ts'
import { ownerOnly, placeLua, placeSeed } from './place-lua.ts'

const defaultTemplate = join(fixturesDirectory, 'init.lua')

export interface InitScript {
  /** The file with which Tarantool is started. */
  readonly bootFile: string
  /** The address on which the server will listen. */
  readonly addresses: InstanceAddresses
  /** The mark at the beginning of the server's report on its stdout. */
  readonly nonce: string
  /** Maps a line of the rendered script to the user's template. */
  readonly lineMap: LineMap
}

function readTemplate(source: LuaSource | undefined): { text: string; file: string } {
  if (source && 'text' in source) return { text: source.text, file: 'initLuaTemplate' }
  const file = source?.file ?? defaultTemplate
  try {
    return { text: readFileSync(file, 'utf8'), file }
  } catch (error) {
    throw new LuaFileError(`initLuaTemplate: cannot read ${file}: ${(error as Error).message}`, { cause: error })
  }
}

/** The names that a template may use. A name that is undefined here is `nil` in the template. */
function templateView(
  options: OptionsWithAccount,
  at: InstanceAddresses,
  workDir: string,
  replicationSource: string | readonly string[] | undefined,
  membership: Membership | undefined,
): Record<string, unknown> {
  const layers = boxCfgLayers(options, {
    listen: membership?.listen.length ? [at.own.listen, ...membership.listen] : at.own.listen,
    title: at.title,
    workDir,
    replicationSource,
    membership,
  })
  const { defaults, named, last } = layers
  return {
    host: at.own.host,
    port: at.port,
    listen: at.own.listen,
    boxCfg: new LuaExpression(
      `require('tarantool-fixture').box_cfg(${[defaults, named, last].map(luaLiteral).join(', ')})`,
    ),
    title: at.title,
    memtxMemory: memtxMemoryOf(options),
    slabAllocArena: memtxMemoryOf(options) / 2 ** 30,
    walMode: walModeOf(options, replicationSource),
    logLevel: logLevelOf(options),
    workDir: options.specifyWorkDir ? workDir : undefined,
    replicationSource,
    extraBoxCfg: new LuaExpression(options.extraBoxCfg ?? ''),
    user: options.credentials?.user,
    password: options.credentials?.password,
    appLua: new LuaExpression(options.appLua ? "require('tarantool-fixture').run_app()" : ''),
  }
}

/** The tasks of a server for its seed. */
export interface SeedDuty {
  /** The contents for a new database. */
  readonly task: SeedTask | undefined
  /**
   * The task with the template: to make it from the data, or to compare the data with the template that the server
   * starts from.
   */
  readonly template?: 'make' | 'try' | undefined
}

/** The server's place, and the rules for access to it. */
export interface ScriptPlace {
  readonly addresses: InstanceAddresses
  readonly workDir: string
  readonly access: Access
}

/**
 * Writes the files that a server starts from into its directory: boot.lua, which is Tarantool's script; init.lua, the
 * rendered template; and app.lua, seed.lua and seed.msgpack, for Lua that was given as text and for rows in code.
 *
 * @throws TemplateError, LuaFileError
 */
export function writeInitScript(
  options: OptionsWithAccount,
  { addresses: at, workDir, access }: ScriptPlace,
  replicationSource: string | readonly string[] | undefined,
  seed: SeedDuty,
): InitScript {
  const template = readTemplate(options.initLuaTemplate)
  const membership = options.replicaMode && membershipOf(options.replicaMode, options.credentials, workDir)
  const sources = membership?.sources ?? replicationSource
  const view = templateView(options, at, workDir, sources, membership)
  const rendered = renderTemplate(template.text, view, template.file)
  const initFile = join(workDir, 'init.lua')
  writeFileSync(initFile, rendered.text, ownerOnly)

  const app = placeLua('appLua', options.appLua, join(workDir, 'app.lua'))
  const nonce = `tarantool-fixture-${randomUUID()}`
  const bootFile = join(workDir, 'boot.lua')
  const duty = options.replicaMode?.templateDuty()?.duty ?? seed.template
  const bootOptions = {
    nonce,
    owner: process.pid,
    port: at.port,
    listen: at.own.listen,
    agent: at.own.agent,
    console: at.own.console,
    access: access.gate,
    account: access.madeUp,
    log_file: options.docker && join(workDir, logFileName),
    standby: at.standby !== undefined,
    console_to_be: at.standby?.consoleToBe,
    fixtures: fixturesDirectory,
    init_file: initFile,
    ports: portsOfServer(at),
    own_variables: variablesOfOneServer(at, options.env),
    app_file: app?.file,
    app_name: app?.name,
    app_dir: options.appDir,
    extra_box_cfg: options.extraBoxCfg,
    renamed: renamedOptions,
    own_options: ownOptions,
    record_changes: options.recordChanges,
    // This applies to a server that has data and does not find its source. Half of the time is early enough for it to
    // be ready as an orphan.
    orphan_after: options.timeout / 2000,
    seed: placeSeed(seed.task, workDir),
    work_dir: workDir,
    line_counts: lineCountsFile(nonce),
    ...membership?.bootOptions,
    template: duty && {
      duty,
      // The fixture sets the password at each start, and 'random' makes a new password each time.
      ignore_password_of: options.initLuaTemplate ? access.madeUp?.user : options.credentials?.user,
    },
  }
  writeFileSync(
    bootFile,
    `local loadfile = ... or loadfile
assert(loadfile(${luaLiteral(join(fixturesDirectory, 'boot.lua'))}))(${luaLiteral(bootOptions)}, loadfile)\n`,
    ownerOnly,
  )
  return { bootFile, addresses: at, nonce, lineMap: rendered.lineMap }
}
