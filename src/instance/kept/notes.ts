import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { LuaSource, ResolvedOptions } from '../../config/resolve.ts'
import { ownVersion } from '../../package-files.ts'
import { type KeptManifest, keptFile, keptFormat, plannedFile } from './manifest.ts'

/** The reason why a server's own directory stays. */
export interface KeptBecause {
  readonly reason: string
  /** The version of the server that had the directory last, if the server became ready. */
  readonly tarantool?: string | undefined
}

// The paths are for the machine of the failure; on another one, the same project is somewhere else.
const place = (file: string): { file: string; relative: string } => ({ file, relative: relative(process.cwd(), file) })

const sourceOf = (source: LuaSource | undefined) => source && ('text' in source ? source : place(source.file))

/** The options of a server that decide how its data is read, and its application. */
export function keptOptions(options: ResolvedOptions): KeptManifest['options'] {
  const { appLua, appDir, initLuaTemplate, memtxMemory, walMode, extraBoxCfg, boxCfg } = options
  return {
    appLua: sourceOf(appLua),
    appDir: appDir === undefined ? undefined : place(appDir),
    initLuaTemplate: sourceOf(initLuaTemplate),
    ...{ memtxMemory, walMode, extraBoxCfg, boxCfg: { ...boxCfg } },
  }
}

function manifestOf(options: ResolvedOptions, { reason, tarantool = '' }: KeptBecause): KeptManifest {
  const instance = options.configMode?.name
  return {
    ...{ format: keptFormat, server: instance ?? options.title ?? 'instance', made: new Date().toISOString() },
    ...{ tarantool, fixture: ownVersion(), node: process.versions.node, reason, keep: options.keep },
    ...{ instance, temporary: [] },
    options: keptOptions(options),
  }
}

function write(directory: string, name: string, manifest: KeptManifest): void {
  writeFileSync(join(directory, name), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 })
}

/** Describes a directory that stays as the server has left it, so that it can be opened. */
export function noteKept(directory: string, options: ResolvedOptions, because: KeptBecause): void {
  if (!existsSync(directory)) return
  write(directory, keptFile, manifestOf(options, because))
  rmSync(join(directory, plannedFile), { force: true })
}

/** Called before a server starts in a directory. With `keep: 'always'`, the directory stays even if its owner dies. */
export function notePlanned(directory: string, options: ResolvedOptions): void {
  const former = join(directory, keptFile)
  if (existsSync(former)) rmSync(former)
  if (options.keep !== 'always') return
  write(directory, plannedFile, manifestOf(options, { reason: "keep: 'always', and the run was killed" }))
}
