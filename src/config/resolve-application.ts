import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import {
  type ApplicationOptions,
  type ClusterConfig,
  type ConfigOverlay,
  type ConfigValue,
  sharedOptions,
} from './application-options.ts'
import type { Given } from './layers.ts'
import type { InstanceOptions } from './options.ts'
import type { ReplicationOptions } from './replica-set-options.ts'
import { applicationOptions } from './table/application.ts'
import { instanceOptions } from './table/instance.ts'
import { replicationOptions } from './table/replica-set.ts'

/** A value that is laid over the config, at a path. */
export interface OverlayEntry {
  readonly path: readonly string[]
  readonly value: ConfigValue
}

/** A checked application. */
export interface ResolvedApplication {
  /** The absolute path of the config, or what messages call a config that is in no file. */
  readonly configFile: string
  /** The config, if it is in no file. */
  readonly configObject?: ClusterConfig | undefined
  /** The absolute path of the application's own config. */
  readonly ownConfigFile: string
  /** The directory from which relative paths of the config start. */
  readonly directory: string
  /** The path of the instances.yml, if the directory has one. */
  readonly instancesFile: string | undefined
  /** Names of instances, and expressions that match them. Empty: no choice. */
  readonly instances: readonly (string | { readonly source: string; readonly flags: string })[]
  readonly connect: string | undefined
  readonly as: string | undefined
  readonly set: readonly OverlayEntry[]
  readonly ready: string | undefined
  /** The names of the instances that are seeded. Undefined: the instance of `connect`. */
  readonly seedOn: readonly string[] | undefined
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false

const firstFile = (directory: string, names: readonly string[]): string | undefined =>
  names.map(name => join(directory, name)).find(isFile)

function configOf(given: string, baseDir: string): string {
  const path = resolve(baseDir, given)
  if (!existsSync(path)) throw new InvalidOptionError(`option 'app': ${path} does not exist`)
  if (isFile(path)) return path
  const found = firstFile(path, ['config.yaml', 'config.yml'])
  if (found !== undefined) return found
  throw new InvalidOptionError(`option 'app': the directory ${path} has no config.yaml`, {
    hint: "For an application without a config.yaml, use 'appLua'.",
  })
}

const isMap = (value: ConfigValue): value is { readonly [name: string]: ConfigValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function* entriesBelow(path: readonly string[], value: ConfigValue): Generator<OverlayEntry> {
  const names = isMap(value) ? Object.keys(value).filter(name => value[name] !== undefined) : []
  if (!isMap(value) || names.length === 0) yield { path, value }
  else for (const name of names) yield* entriesBelow([...path, name], value[name])
}

/**
 * The values of an overlay, one for each path. Dots in the overlay's own keys separate the parts of a path. In nested
 * objects, a key is one part, so that names can contain dots.
 *
 * @throws InvalidOptionError for a path with an empty part
 */
export function overlayEntries(overlay: ConfigOverlay): OverlayEntry[] {
  return Object.entries(overlay).flatMap(([key, value]) => {
    const path = key.split('.')
    if (path.includes('')) throw new InvalidOptionError(`option 'set': '${key}' is not a path`)
    return value === undefined ? [] : [...entriesBelow(path, value)]
  })
}

/** The options of an application among all options of a server. */
export function applicationPart<Options extends ApplicationOptions>(
  options: Options,
): {
  application: ApplicationOptions
  instance: Omit<Options, keyof ApplicationOptions>
} {
  const own = Object.keys(applicationOptions)
  const all = Object.entries(options)
  return {
    application: Object.fromEntries(all.filter(([name]) => own.includes(name))),
    instance: Object.fromEntries(all.filter(([name]) => !own.includes(name))) as Omit<
      Options,
      keyof ApplicationOptions
    >,
  }
}

// These describe a single server. In a cluster, the config says the same.
const instead: Readonly<Partial<Record<keyof (InstanceOptions & ReplicationOptions), string>>> = {
  appLua: "The config's app.file or app.module names the application.",
  appDir: 'Modules are found in the directory of the config and its .rocks.',
  boxCfg: "Use 'set', with a path of Tarantool's config.",
  extraBoxCfg: "Use 'set', with a path of Tarantool's config.",
  credentials: "Use 'as', with a user of the config.",
  docker: 'Clusters run on this machine only.',
  replicas: 'The config has the instances of each replica set.',
  failover: "Use 'set', with the path replication.failover.",
}

/** The way to say in a config what an option of a single server says. Undefined for other options. */
export const insteadOf = (option: string): string | undefined =>
  Object.hasOwn({ ...instanceOptions, ...replicationOptions }, option)
    ? (instead[option as keyof typeof instead] ?? "Use 'set', with a path of Tarantool's config.")
    : undefined

/**
 * Refuses options of a single server, or of a replica set without a config, beside `app`.
 *
 * @throws InvalidOptionError
 */
export function checkWithApplication(options: InstanceOptions & ReplicationOptions): void {
  const shared: readonly string[] = sharedOptions
  const others = Object.keys({ ...instanceOptions, ...replicationOptions }) as (keyof typeof options)[]
  for (const name of others) {
    if (options[name] === undefined || shared.includes(name)) continue
    throw new InvalidOptionError(`option '${name}' cannot be used with 'app'`, {
      hint: insteadOf(name),
    })
  }
}

/**
 * Finds the files of an application.
 *
 * @throws InvalidOptionError if the config does not exist, or if an option lacks its `app`
 */
export function resolveApplication({ options, baseDirOf }: Given<ApplicationOptions>): ResolvedApplication | undefined {
  const { app, instances = [], connect, as, set = {}, ready, seedOn } = options
  if (app === undefined) {
    const name = (Object.keys(applicationOptions) as (keyof ApplicationOptions)[]).find(
      key => options[key] !== undefined,
    )
    if (name === undefined) return undefined
    throw new InvalidOptionError(`option '${name}' needs the option 'app'`, {
      hint: "'app' is the directory of a Tarantool 3 application, which has a config.yaml.",
    })
  }
  const configFile = configOf(app, baseDirOf('app'))
  const directory = dirname(configFile)
  const names = Array.isArray(instances) ? (instances as readonly (string | RegExp)[]) : [instances as string | RegExp]
  return {
    configFile,
    ownConfigFile: configFile,
    directory,
    instancesFile: firstFile(directory, ['instances.yml', 'instances.yaml']),
    instances: names.map(name => (typeof name === 'string' ? name : { source: name.source, flags: name.flags })),
    connect,
    as,
    set: overlayEntries(set),
    ready,
    seedOn: typeof seedOn === 'string' ? [seedOn] : seedOn,
  }
}

/** The default of `timeout`, in milliseconds: several instances start together, and wait for each other. */
export const clusterTimeout = 30_000
