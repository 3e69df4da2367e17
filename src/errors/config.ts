import { type ErrorDetails, TarantoolFixtureError } from './base.ts'

/** An option does not exist. The message names the nearest option that does. */
export class UnknownOptionError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_UNKNOWN_OPTION'
}

/** An option has the wrong type, is out of its range, or contradicts another option. */
export class InvalidOptionError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_INVALID_OPTION'
}

/** `initLuaTemplate` has an unknown name or an unbalanced tag. The message names the line. */
export class TemplateError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_TEMPLATE'
}

/** A Lua file that the config names (`appLua`, `seedLua`, `initLuaTemplate`) does not exist or cannot be read. */
export class LuaFileError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LUA_FILE'
}

/**
 * Tarantool refused the config of an application, or the config does not fit the options beside `app`. The message is
 * Tarantool's own, and names the path in the config.
 */
export class ClusterConfigError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_CLUSTER_CONFIG'
  /** The path of the config. */
  readonly configFile: string | undefined
  /** The name of the instance that refused the config; undefined if the config was refused before any start. */
  readonly member: string | undefined

  /** @internal */
  constructor(
    message: string,
    details: ErrorDetails & { configFile?: string | undefined; member?: string | undefined } = {},
  ) {
    super(message, details)
    this.configFile = details.configFile
    this.member = details.member
  }
}

/** The path of a unix socket is longer than the system allows. Tarantool would cut the path without an error. */
export class SocketPathTooLongError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_SOCKET_PATH_TOO_LONG'
}

/** The directory for instances cannot be created or written. */
export class RootNotWritableError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_ROOT_NOT_WRITABLE'
}
