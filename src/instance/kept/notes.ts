import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LuaSource, placeInCluster, type ResolvedOptions } from '../../config/resolve.ts'
import { ownVersion } from '../../package-files.ts'
import { keptApplication } from './application.ts'
import { type KeptManifest, keptFile, keptFormat, plannedFile } from './manifest.ts'
import { placeInProject } from './project-place.ts'

/** The reason why a server's own directory stays. */
export interface KeptBecause {
  readonly reason: string
  /** The version of the server that had the directory last, if the server became ready. */
  readonly tarantool?: string | undefined
}

const sourceOf = (source: LuaSource | undefined) => source && ('text' in source ? source : placeInProject(source.file))

/** The instance of a cluster that a server is. */
export function keptInstance({ configMode }: ResolvedOptions): Pick<KeptManifest, 'instance' | 'application'> {
  return configMode ? { instance: configMode.name, application: keptApplication(configMode) } : {}
}

/** The options of a server that decide how its data is read, and its application. */
export function keptOptions(options: ResolvedOptions): KeptManifest['options'] {
  const { appLua, appDir, initLuaTemplate, memtxMemory, walMode, extraBoxCfg, boxCfg } = options
  return {
    appLua: sourceOf(appLua),
    appDir: appDir === undefined ? undefined : placeInProject(appDir),
    initLuaTemplate: sourceOf(initLuaTemplate),
    ...{ memtxMemory, walMode, extraBoxCfg, boxCfg: { ...boxCfg } },
  }
}

function manifestOf(options: ResolvedOptions, { reason, tarantool = '' }: KeptBecause): KeptManifest {
  const server = placeInCluster(options)?.name ?? options.title ?? 'instance'
  return {
    ...{ format: keptFormat, server, made: new Date().toISOString() },
    ...{ tarantool, fixture: ownVersion(), node: process.versions.node, reason, keep: options.keep },
    ...{ ...keptInstance(options), temporary: [] },
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
