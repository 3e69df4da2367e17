import { InvalidOptionError } from '../errors.ts'
import { type ClusterOptions, sharedOptions } from './application-options.ts'
import { checkOptions } from './check.ts'
import { ownerOf } from './option-owners.ts'
import { type ResolvedOptions, resolveGiven } from './resolve.ts'
import {
  applicationPart,
  clusterTimeout,
  insteadOf,
  type ResolvedApplication,
  resolveApplication,
} from './resolve-application.ts'
import { applicationOptions } from './table/application.ts'
import { instanceOptions } from './table/instance.ts'
import { entriesOf } from './table/option.ts'
import { checkVersion } from './version.ts'

/** The checked options of a cluster. */
export interface ResolvedCluster {
  readonly application: ResolvedApplication
  /** The options that all instances share. */
  readonly shared: ResolvedOptions
}

const entries = entriesOf({
  ...applicationOptions,
  ...Object.fromEntries(sharedOptions.map(name => [name, instanceOptions[name]])),
})

/**
 * Checks a cluster's options and fills in the defaults.
 *
 * @param baseDir the directory that relative paths start from. Default: the working directory.
 * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
 */
export function resolveCluster(options: ClusterOptions, baseDir: string = process.cwd()): ResolvedCluster {
  checkOptions('TarantoolCluster', entries, options, name => ownerOf(name) ?? insteadOf(name))
  checkVersion('TarantoolCluster', options.version)
  const { application, instance } = applicationPart(options)
  const baseDirOf = (): string => baseDir
  const resolved = resolveApplication({ options: application, baseDirOf })
  if (!resolved) {
    throw new InvalidOptionError("TarantoolCluster needs the option 'app'", {
      hint: 'It names a directory with a config.yaml. TarantoolReplicaSet needs no config.',
    })
  }
  return {
    application: resolved,
    shared: resolveGiven({ options: { timeout: clusterTimeout, ...instance }, baseDirOf }),
  }
}
