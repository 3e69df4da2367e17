import { recogniseCopies } from './copies.ts'
import { documentation } from './documentation.ts'

/** Facts about the instance that an error concerns. Every field is optional. */
export interface ErrorDetails {
  /** The server's fingerprint, `Tarantool[127.0.0.1:34567]`. */
  instance?: string | undefined
  /** The last lines of the server's log, oldest first. */
  logTail?: readonly string[] | undefined
  /** The log lines that the message shows. Default: all lines of the log. */
  shownLog?: readonly string[] | undefined
  /** The path of the whole log, if the file still exists. */
  logFile?: string | undefined
  /** The user's own code raised the error, so the documentation has no advice. Default false. */
  isUsersOwn?: boolean | undefined
  /** The advice to the user: one sentence or a few lines. */
  hint?: string | undefined
  /** The frames of the Lua code that raised the error, innermost first. */
  luaFrames?: readonly string[] | undefined
  /** The cause of this error. */
  cause?: unknown
}

function compose(message: string, code: string, details: ErrorDetails): string {
  const parts = [`${message} [${code}]`]
  if (details.luaFrames?.length) parts.push(details.luaFrames.map(frame => `  ${frame}`).join('\n'))
  if (details.hint) parts.push(details.hint)
  if (!details.isUsersOwn) parts.push(`See ${documentation}/errors.md#${code.toLowerCase()}`)
  const log = details.shownLog ?? details.logTail
  if (log?.length) {
    const of = details.instance ? ` of ${details.instance}` : ''
    const kept = details.logFile ? ` (full log: ${details.logFile})` : ''
    parts.push(`Last log lines${of}${kept}:\n${log.map(line => `  ${line}`).join('\n')}`)
  } else if (details.logFile) {
    parts.push(`Full log: ${details.logFile}`)
  }
  return parts.join('\n')
}

/**
 * The base of every error that this package throws on purpose.
 *
 * `code` is stable, so programs can branch on it. `message` says what failed, on which server and why, then what to do
 * and where the documentation says more.
 *
 * @example
 * try { await instance.start() } catch (error) {
 *   if (error instanceof PortTakenError) console.error(error.address, error.code)
 * }
 */
export class TarantoolFixtureError extends Error {
  /** The `code` of every instance of the class. */
  static readonly code: string = 'ERR_TARANTOOL_FIXTURE'

  /** @internal */
  static {
    recogniseCopies(TarantoolFixtureError)
  }

  /** Stable and unique to the class, such as `ERR_TARANTOOL_PORT_TAKEN`. */
  readonly code: string
  /** The message without hint and log. */
  readonly summary: string
  /** The server's fingerprint, `Tarantool[127.0.0.1:34567]`. */
  readonly instance: string | undefined
  /** The last lines of the server's log, oldest first; empty if there is no log. */
  readonly logTail: readonly string[]
  /** The path of the whole log, if the file still exists. */
  readonly logFile: string | undefined
  /** The advice to the user: one sentence or a few lines. */
  readonly hint: string | undefined

  /** @internal */
  constructor(message: string, details: ErrorDetails = {}) {
    const { code } = new.target
    super(compose(message, code, details), details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.code = code
    this.summary = message
    this.instance = details.instance
    this.logTail = details.logTail ?? []
    this.logFile = details.logFile
    this.hint = details.hint
  }
}

// ---- The user's config and files ----

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

// ---- The binary ----

/** No Tarantool was found, and none could be installed, or installing is not allowed. */
export class BinaryNotFoundError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_BINARY_NOT_FOUND'
}

/** The program that should be Tarantool is not executable for this user. */
export class BinaryNotExecutableError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_BINARY_NOT_EXECUTABLE'
}

/** The program is not Tarantool. */
export class NotTarantoolError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_NOT_TARANTOOL'
}

/** The Tarantool is older than 1.10. */
export class UnsupportedVersionError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_UNSUPPORTED_VERSION'
}

/** The automatic installation of Tarantool failed. */
export class InstallError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_INSTALL'
}

/**
 * The vendor's release could not be downloaded. The network is unreachable, the server refuses, or a file differs from
 * the index that describes the file.
 */
export class DownloadError extends InstallError {
  static override readonly code: string = 'ERR_TARANTOOL_DOWNLOAD'
}

/** No release of the wanted version exists, or none for this system. `nearest` names the nearest releases. */
export class VersionNotFoundError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_VERSION_NOT_FOUND'
  /** The nearest releases, nearest first: `['3.7.1', '3.8.0']`. Empty if the series has no build for this system. */
  readonly nearest: readonly string[]
  /** @internal True if other systems may have the version. */
  readonly isElsewhere: boolean

  /** @internal */
  constructor(
    message: string,
    details: ErrorDetails & { nearest?: readonly string[] | undefined; isElsewhere?: boolean | undefined } = {},
  ) {
    super(message, details)
    this.nearest = details.nearest ?? []
    this.isElsewhere = details.isElsewhere ?? false
  }
}

// ---- The container ----

/** The program that runs containers was not found, or its engine does not answer. */
export class ContainerEngineError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_CONTAINER_ENGINE'
}

/** The image does not exist and cannot be pulled, or it contains no Tarantool. */
export class ContainerImageError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_CONTAINER_IMAGE'
}

// ---- Start and end of a server ----

/** The configured port (or socket path) is in use. `address` holds the whole address. */
export class PortTakenError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_PORT_TAKEN'
  /** The address that is in use: `127.0.0.1:34567`, or a socket's path. */
  readonly address: string

  /** @internal */
  constructor(message: string, details: ErrorDetails & { address: string }) {
    super(message, details)
    this.address = details.address
  }
}

/** `box.cfg` refused an option. `option` is its name. */
export class BoxCfgError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_BOX_CFG'
  /** Tarantool's name of the option: `memtx_memory`. */
  readonly option: string | undefined

  /** @internal */
  constructor(message: string, details: ErrorDetails & { option?: string | undefined } = {}) {
    super(message, details)
    this.option = details.option
  }
}

/** The init script or the application's Lua failed. `file` and `line` point into the user's own code. */
export class InitScriptError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_INIT_SCRIPT'
  /** The user's file. If the Lua is text, the name of the option: `appLua`. */
  readonly file: string | undefined
  /** The line in the file, from 1. */
  readonly line: number | undefined
  /** Lua's traceback, innermost first. */
  readonly luaStack: string | undefined

  /** @internal */
  constructor(
    message: string,
    details: ErrorDetails & {
      file?: string | undefined
      line?: number | undefined
      luaStack?: string | undefined
    } = {},
  ) {
    super(message, details)
    this.file = details.file
    this.line = details.line
    this.luaStack = details.luaStack
  }
}

/** A seed does not fit the spaces that the application created. The fields hold the known parts of the place. */
export class SeedError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_SEED'
  /** The file that contains the row or the Lua. */
  readonly file: string | undefined
  /** The line in the file, from 1. */
  readonly line: number | undefined
  /** The space's name. */
  readonly space: string | undefined
  /** The row's index in the list of its space, from 0. */
  readonly row: number | undefined
  /** The name of the field, or its number. */
  readonly field: string | undefined

  /** @internal */
  constructor(
    message: string,
    details: ErrorDetails & {
      file?: string | undefined
      line?: number | undefined
      space?: string | undefined
      row?: number | undefined
      field?: string | undefined
    } = {},
  ) {
    super(message, details)
    this.file = details.file
    this.line = details.line
    this.space = details.space
    this.row = details.row
    this.field = details.field
  }
}

/** The server exited before it was ready, or during a request. `exitCode` or `signal` holds the cause. */
export class ServerExitedError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_SERVER_EXITED'
  /** The exit code; undefined after a signal. */
  readonly exitCode: number | undefined
  /** The signal that ended the server: `'SIGSEGV'`. */
  readonly signal: string | undefined

  /** @internal */
  constructor(
    message: string,
    details: ErrorDetails & { exitCode?: number | undefined; signal?: string | undefined } = {},
  ) {
    super(message, details)
    this.exitCode = details.exitCode
    this.signal = details.signal
  }
}

/** A signal killed the server before it was ready. */
export class ServerKilledError extends ServerExitedError {
  static override readonly code: string = 'ERR_TARANTOOL_SERVER_KILLED'
}

/** The server was not ready within `timeout`. */
export class StartTimeoutError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_START_TIMEOUT'
}

/** `stop()`, `kill()` or `terminate()` was called during the start. */
export class StartAbortedError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_START_ABORTED'
}

/** A request needs a running instance, and the instance does not run. */
export class NotRunningError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_NOT_RUNNING'
}

/** A replication source will never work: it writes no WAL, or it does not admit the server. */
export class ReplicationError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_REPLICATION'
}

/** `waitForLog` did not find its pattern in time. */
export class LogTimeoutError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LOG_TIMEOUT'
}

// ---- Requests to a server ----

/** A connection to the server could not be opened, or it ended before the reply. */
export class ConnectionError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_CONNECTION'
}

/** The server did not answer within the request's timeout. */
export class RequestTimeoutError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_REQUEST_TIMEOUT'
}

/** A value cannot be represented in MessagePack, or a reply is not valid MessagePack. */
export class ProtocolError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_PROTOCOL'
}

/** An error of Tarantool's error stack, outermost first. */
export interface BoxErrorFrame {
  /** Tarantool's class of the error, such as `ClientError` or `LuajitError`. */
  type: string
  /** The error's message. */
  message: string
  /** The number in `box.error`, such as 3 (`ER_TUPLE_FOUND`); 0 if the error has no number. */
  code: number
  /** The file in the server's source that raised the error. */
  file?: string | undefined
  /** The line in that file. */
  line?: number | undefined
  /** The operating system's number of a `SystemError`. */
  errno?: number | undefined
  /** Further fields (Tarantool 2.11 and later). */
  fields?: Record<string, unknown> | undefined
}

/** Lua code raised an error: `error('boom')` in a command, a function or an eval. */
export class LuaError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LUA'
  /** The server's message, unchanged. */
  readonly luaMessage: string
  /** Tarantool's number of the error; 32 is `ER_PROC_LUA`. */
  readonly boxCode: number | undefined
  /** Tarantool's class of the error. */
  readonly boxType: string | undefined
  /** Tarantool's stack of errors, outermost first. Empty before 2.4.1, which has no stack. */
  readonly frames: readonly BoxErrorFrame[]
  /** Lua's traceback, if the server sends one. */
  readonly luaStack: string | undefined

  /** @internal */
  constructor(
    message: string,
    details: ErrorDetails & {
      boxCode?: number | undefined
      boxType?: string | undefined
      frames?: readonly BoxErrorFrame[] | undefined
      luaStack?: string | undefined
    } = {},
  ) {
    super(message, { ...details, isUsersOwn: true })
    this.luaMessage = message
    this.boxCode = details.boxCode
    this.boxType = details.boxType
    this.frames = details.frames ?? []
    this.luaStack = details.luaStack
  }
}

/** The database raised an error: a duplicate key, a missing space, a denied access. */
export class BoxError extends LuaError {
  static override readonly code: string = 'ERR_TARANTOOL_BOX'
}

// ---- In a test run ----

/** `useTarantool('name')` or `inject('tarantool').servers.name` names a server that the config does not have. */
export class UnknownServerError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_UNKNOWN_SERVER'
}

/** A lease was requested at the wrong time, or the test file has no such lease. */
export class LeaseError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LEASE'
}

/** The main process of the run, which owns the servers, has ended. */
export class BrokerGoneError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_BROKER_GONE'
}

/** A test file needs a server, and the run has no global setup, or the setup is wrong. */
export class SetupError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_SETUP'
}

/** A server could not be reset to the state that the suite's `beforeAll`, or the file's top level, had left. */
export class ResetError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_RESET'
}

/** `changes()` was called, and the server keeps no record of its changes. */
export class NotRecordedError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_NOT_RECORDED'
}

/** With `strict`: a test changed data, and the undo did not notice the change. */
export class LeftoverError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LEFTOVER'
}

/** A directory is none that the fixture has kept, or has no data, or is damaged, or is of a newer release. */
export class KeptDirectoryError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_KEPT_DIRECTORY'
}
