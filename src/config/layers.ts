import { sharedOptions } from './application-options.ts'
import { isComplete } from './docker.ts'
import type { ServerOptions } from './server-options.ts'
import { applicationOptions } from './table/application.ts'
import { instanceOptions } from './table/instance.ts'
import { replicationOptions } from './table/replica-set.ts'

/** Checked options as the user gave them. Each option keeps the directory that its relative path starts from. */
export interface Given<Options extends object = ServerOptions> {
  readonly options: Options
  readonly baseDirOf: (option: string) => string
}

/** True if a server's options name the program that is run, whatever its version. */
export function namesProgram({ commandToRun, docker }: ServerOptions): boolean {
  return commandToRun !== undefined || docker?.tag !== undefined || (docker?.image ? isComplete(docker.image) : false)
}

/**
 * Lays options over defaults. The options that choose a Tarantool go together: if the upper layer names one of them,
 * the defaults of the others do not count.
 *
 * @example overDefaults({ version: '3' }, { commandToRun: './tarantool' }).version // undefined
 */
export function overDefaults(defaults: ServerOptions, own: ServerOptions): ServerOptions {
  const merged: ServerOptions = { ...withoutOtherKind(defaults, own), ...own }
  if (own.version === undefined) return namesProgram(own) ? { ...merged, version: undefined } : merged
  if (own.commandToRun === undefined && merged.commandToRun !== undefined) {
    merged.commandToRun = undefined
    merged.commandArgs = own.commandArgs
  }
  if (own.docker === undefined && merged.docker) merged.docker = { ...merged.docker, tag: undefined }
  return merged
}

// A server is a single one, a replica set or an application. The defaults of another kind do not count.
function withoutOtherKind(defaults: ServerOptions, own: ServerOptions): ServerOptions {
  if (own.app === undefined && own.appLua === undefined && own.replicas === undefined) return defaults
  const shared: readonly string[] = sharedOptions
  const ofKind = (name: string): boolean => {
    if (own.app === undefined) return !Object.hasOwn(applicationOptions, name)
    return !(name in instanceOptions || name in replicationOptions) || shared.includes(name)
  }
  return Object.fromEntries(Object.entries(defaults).filter(([name]) => ofKind(name)))
}

/** The same for options whose paths start from different directories. */
export function layOver(defaults: Given, own: Given): Given {
  return {
    options: overDefaults(defaults.options, own.options),
    baseDirOf: option => (Object.hasOwn(own.options, option) ? own : defaults).baseDirOf(option),
  }
}
