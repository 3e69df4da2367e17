import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { LuaFileError } from '../errors.ts'
import type { Trace } from '../trace.ts'
import { checkBoxCfg } from './box-cfg.ts'
import { checkOptions } from './check.ts'
import type { ConfigMode } from './config-mode.ts'
import { checkConflicts } from './conflicts.ts'
import { checkDocker, type ResolvedDocker, resolveDocker } from './docker.ts'
import { checkEnv } from './env-tags.ts'
import { type Given, namesProgram } from './layers.ts'
import { ownerOf } from './option-owners.ts'
import type { BoxCfgValue, Credentials, InstanceOptions, Keep, Logger } from './options.ts'
import { type NamedPorts, resolvePorts } from './ports.ts'
import type { ProcessObserver } from './process-observer.ts'
import type { ReplicaMode } from './replica-mode.ts'
import { checkReplicationSource } from './replication-source.ts'
import { type SeedSource, seedSources } from './seed-sources.ts'
import { instanceOptions } from './table/instance.ts'
import { entriesOf } from './table/option.ts'
import { checkVersion, versionOfEnvironment } from './version.ts'

/** Lua that the user gave as text, or as the absolute path of a file. */
export type LuaSource = { readonly text: string } | { readonly file: string }

export type WalMode = NonNullable<InstanceOptions['walMode']>

/**
 * The `wal_mode` of a server. Nobody can replicate from a server without a WAL, and a server that replicates may be a
 * source, too.
 */
export function walModeOf(
  options: { readonly walMode?: WalMode | undefined },
  replicationSource: string | readonly string[] | undefined,
): WalMode {
  return options.walMode ?? (replicationSource === undefined ? 'none' : 'write')
}

/** Checked options with their defaults. */
export interface ResolvedOptions {
  readonly host: string
  readonly port: number | string | undefined
  readonly ports: NamedPorts
  readonly consoleHost: string
  readonly consolePort: number | string | undefined
  readonly replicationSource: string | readonly string[] | undefined
  readonly title: string | undefined
  readonly logger: Logger | undefined
  /** Is told the fixture's own steps. Default: they are printed with the name of the instance. */
  readonly trace?: Trace | undefined
  /** Set by an owner that wants to know. Default: none. */
  readonly observer?: ProcessObserver | undefined
  /** Undefined if the user named none: see `logLevelOf`. */
  readonly logLevel: number | undefined
  /** In bytes. Undefined if the user named none: see `memtxMemoryOf`. */
  readonly memtxMemory: number | undefined
  /** Undefined if the user named none: see `walModeOf`. */
  readonly walMode: WalMode | undefined
  /** Undefined if the user named no root: see `placeOf`. */
  readonly root: string | undefined
  readonly specifyWorkDir: boolean
  readonly keep: Keep
  readonly initLuaTemplate: LuaSource | undefined
  readonly appLua: LuaSource | undefined
  readonly appDir: string | undefined
  readonly seedLua: LuaSource | undefined
  readonly seed: readonly SeedSource[]
  readonly seedTemplate: boolean
  readonly extraBoxCfg: string | undefined
  readonly timeout: number
  readonly stopTimeout: number
  readonly version: string | undefined
  /** The version in the server's name; undefined if nothing asks for a version. */
  readonly versionInName: string | undefined
  readonly quiet: boolean
  readonly commandToRun: string | undefined
  readonly docker: ResolvedDocker | undefined
  readonly commandArgs: readonly string[]
  readonly boxCfg: { readonly [name: string]: BoxCfgValue }
  readonly env: { readonly [name: string]: string }
  /** `'random'`: each instance creates an account of its own. */
  readonly credentials: Credentials | 'random' | undefined
  readonly access: 'any' | { readonly uids: readonly number[] }
  /** Clients reach the server through a link of the fixture. */
  readonly links: boolean
  readonly recordChanges: boolean
  readonly prefork: boolean
  /** Set for an instance of a cluster, which Tarantool starts from a config. */
  readonly configMode: ConfigMode | undefined
  /** Set for a member of a replica set without a config. */
  readonly replicaMode: ReplicaMode | undefined
}

/** The place in a cluster of an instance that has one. */
export const placeInCluster = ({
  configMode,
  replicaMode,
}: Pick<ResolvedOptions, 'configMode' | 'replicaMode'>): ConfigMode | ReplicaMode | undefined =>
  configMode ?? replicaMode

/** The same options with the account that the instance has. */
export interface OptionsWithAccount extends Omit<ResolvedOptions, 'credentials'> {
  readonly credentials: Credentials | undefined
}

const bytesPerGigabyte = 2 ** 30

/** The `log_level` of a server whose application sets none. */
export const logLevelOf = ({ logLevel }: { readonly logLevel: number | undefined }): number =>
  logLevel ?? instanceOptions.logLevel.default

/** The `memtx_memory` of a server whose application sets none. */
export const memtxMemoryOf = ({ memtxMemory }: { readonly memtxMemory: number | undefined }): number =>
  memtxMemory ?? Math.floor(instanceOptions.slabAllocArena.default * bytesPerGigabyte)

/** A single line that ends in `.lua` is a path; any other text is Lua. */
function luaSource(option: string, given: string | undefined, baseDir: string): LuaSource | undefined {
  if (given === undefined) return undefined
  const file = resolve(baseDir, given)
  // A directory's name can contain a line break, too.
  const isPath = /^[^\n]*\.lua$/.test(given) || (given.endsWith('.lua') && existsSync(file))
  if (!isPath) return { text: given }
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new LuaFileError(`${option}: the file ${file} does not exist`, {
      hint: `A text that ends in .lua is a path${given === file ? '' : `, relative to ${baseDir}`}.`,
    })
  }
  return { file }
}

// A virtual machine does not see the sockets of a directory that is mounted into it.
function defaultConsoleHost({ consolePort, docker }: InstanceOptions): string {
  const isReached = docker === undefined || process.platform === 'linux'
  return typeof consolePort === 'number' || !isReached ? '127.0.0.1' : 'unix/'
}

/**
 * Checks an instance's options and fills in the defaults.
 *
 * @param baseDir the directory that relative paths start from. Default: the working directory.
 * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
 */
export function resolveOptions(options: InstanceOptions, baseDir: string = process.cwd()): ResolvedOptions {
  checkOptions('TarantoolInstance', entriesOf(instanceOptions), options, ownerOf)
  checkVersion('TarantoolInstance', options.version)
  return resolveGiven({ options, baseDirOf: () => baseDir })
}

/**
 * Fills in the defaults of options whose types have been checked.
 *
 * @throws InvalidOptionError if options contradict each other, LuaFileError, SeedError
 */
export function resolveGiven({ options, baseDirOf }: Given<InstanceOptions>): ResolvedOptions {
  checkConflicts(options)
  checkBoxCfg(options.boxCfg ?? {})
  checkReplicationSource(options.replicationSource)
  checkDocker(options)
  const ports = resolvePorts(options.ports)
  checkEnv(options.env ?? {}, Object.keys(ports))
  const lua = (name: 'appLua' | 'seedLua' | 'initLuaTemplate'): LuaSource | undefined =>
    luaSource(name, options[name], baseDirOf(name))
  const path = (name: 'appDir' | 'root' | 'port' | 'consolePort'): string | undefined =>
    options[name] === undefined ? undefined : resolve(baseDirOf(name), String(options[name]))
  const appLua = lua('appLua')
  const appDir = path('appDir')
  if (appDir !== undefined && !existsSync(appDir))
    throw new LuaFileError(`appDir: the directory ${appDir} does not exist`)
  return {
    host: options.host ?? instanceOptions.host.default,
    port: options.host === 'unix/' ? path('port') : options.port,
    ports,
    consoleHost: options.consoleHost ?? defaultConsoleHost(options),
    consolePort: typeof options.consolePort === 'string' ? path('consolePort') : options.consolePort,
    replicationSource: options.replicationSource,
    title: options.title,
    logger: options.logger,
    logLevel: options.logLevel,
    memtxMemory:
      options.memtxMemory ??
      (options.slabAllocArena === undefined ? undefined : Math.floor(options.slabAllocArena * bytesPerGigabyte)),
    walMode: options.walMode,
    root: path('root'),
    specifyWorkDir: options.specifyWorkDir ?? instanceOptions.specifyWorkDir.default,
    keep: options.keep ?? (options.cleanup === false ? 'always' : instanceOptions.keep.default),
    initLuaTemplate: lua('initLuaTemplate'),
    appLua,
    appDir: appDir ?? (appLua && 'file' in appLua ? dirname(appLua.file) : undefined),
    seedLua: lua('seedLua'),
    seed: seedSources(options.seed, baseDirOf('seed')),
    seedTemplate: options.seedTemplate ?? instanceOptions.seedTemplate.default,
    extraBoxCfg: options.extraBoxCfg,
    timeout: options.timeout ?? (options.docker ? 30_000 : 5000),
    stopTimeout: options.stopTimeout ?? instanceOptions.stopTimeout.default,
    version: options.version,
    versionInName: options.version ?? (namesProgram(options) ? undefined : versionOfEnvironment()),
    quiet: options.quiet ?? instanceOptions.quiet.default,
    commandToRun: options.commandToRun,
    commandArgs: options.commandArgs ?? instanceOptions.commandArgs.default,
    docker: options.docker && resolveDocker(options.docker, baseDirOf('docker'), options.version),
    boxCfg: options.boxCfg ?? instanceOptions.boxCfg.default,
    env: options.env ?? instanceOptions.env.default,
    credentials: options.credentials,
    access: options.access ?? instanceOptions.access.default,
    links: options.links ?? instanceOptions.links.default,
    recordChanges: options.recordChanges ?? instanceOptions.recordChanges.default,
    prefork: options.prefork ?? instanceOptions.prefork.default,
    configMode: undefined,
    replicaMode: undefined,
  }
}
