import { randomUUID } from 'node:crypto'
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LuaSource, ResolvedOptions } from '../config/resolve.ts'
import { LuaFileError } from '../errors.ts'
import { packageDirectory } from '../package-files.ts'
import { luaLiteral } from '../protocol/lua-literal.ts'
import type { InstanceAddresses } from './addresses.ts'
import { namedBoxCfg, renamedOptions } from './box-cfg.ts'
import { type LineMap, LuaExpression, renderTemplate } from './template.ts'

const fixturesDirectory = join(packageDirectory, 'fixtures')
const defaultTemplate = join(fixturesDirectory, 'init.lua')

export interface InitScript {
  /** The file that Tarantool is started with. */
  readonly bootFile: string
  /** What leads the server's report on its stdout. */
  readonly nonce: string
  /** From a line of the rendered script to the user's template. */
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

// It was there when the options were checked.
function checkReadable(appFile: string): void {
  try {
    accessSync(appFile, constants.R_OK)
  } catch (error) {
    throw new LuaFileError(`appLua: cannot read ${appFile}: ${(error as Error).message}`, { cause: error })
  }
}

/** The names that a template may use. A name that is undefined here is `nil` there. */
function templateView(
  options: ResolvedOptions,
  at: InstanceAddresses,
  workDir: string,
  replicationSource: string | readonly string[] | undefined,
): Record<string, unknown> {
  const named = namedBoxCfg(options, { listen: at.listen, title: at.title, workDir, replicationSource })
  return {
    host: options.host,
    port: at.port,
    listen: at.listen,
    boxCfg: new LuaExpression(
      `require('tarantool-fixture').box_cfg(${luaLiteral(named)}, ${luaLiteral(options.boxCfg)})`,
    ),
    title: at.title,
    memtxMemory: options.memtxMemory,
    slabAllocArena: options.memtxMemory / 2 ** 30,
    walMode: options.walMode,
    logLevel: options.logLevel,
    workDir: options.specifyWorkDir ? workDir : undefined,
    replicationSource,
    extraBoxCfg: new LuaExpression(options.extraBoxCfg ?? ''),
    user: options.credentials?.user,
    password: options.credentials?.password,
    appLua: new LuaExpression(options.appLua ? "require('tarantool-fixture').run_app()" : ''),
  }
}

/**
 * Writes the files that a server starts from into its directory: boot.lua, which Tarantool is given, init.lua, which is
 * the rendered template, and app.lua, where the application came as text.
 *
 * @throws TemplateError, LuaFileError
 */
export function writeInitScript(
  options: ResolvedOptions,
  at: InstanceAddresses,
  workDir: string,
  replicationSource: string | readonly string[] | undefined,
): InitScript {
  const template = readTemplate(options.initLuaTemplate)
  const rendered = renderTemplate(template.text, templateView(options, at, workDir, replicationSource), template.file)
  const initFile = join(workDir, 'init.lua')
  writeFileSync(initFile, rendered.text)

  let appFile: string | undefined
  if (options.appLua) {
    appFile = 'file' in options.appLua ? options.appLua.file : join(workDir, 'app.lua')
    if ('text' in options.appLua) writeFileSync(appFile, options.appLua.text)
    else checkReadable(appFile)
  }

  const nonce = `tarantool-fixture-${randomUUID()}`
  const bootFile = join(workDir, 'boot.lua')
  const bootOptions = {
    nonce,
    owner: process.pid,
    port: at.port,
    console: at.console.uri,
    fixtures: fixturesDirectory,
    init_file: initFile,
    app_file: appFile,
    app_name: options.appLua && 'file' in options.appLua ? `@${options.appLua.file}` : '=appLua',
    app_dir: options.appDir,
    extra_box_cfg: options.extraBoxCfg,
    renamed: renamedOptions,
    record_changes: options.recordChanges,
  }
  writeFileSync(
    bootFile,
    `assert(loadfile(${luaLiteral(join(fixturesDirectory, 'boot.lua'))}))(${luaLiteral(bootOptions)})\n`,
  )
  return { bootFile, nonce, lineMap: rendered.lineMap }
}
