import { recogniseCopies } from './copies.ts'

/** What an error can say about the instance it speaks of. Every field is optional: say what is known. */
export interface ErrorDetails {
  /** Which server: its fingerprint, `Tarantool[127.0.0.1:34567]`. */
  instance?: string | undefined
  /** The last lines of the server's log, oldest first. */
  logTail?: readonly string[] | undefined
  /** The log lines that the message shows. Default: all lines of the log. */
  shownLog?: readonly string[] | undefined
  /** The whole log, where it still is on disk. */
  logFile?: string | undefined
  /** What to do about it, one sentence or a few lines. */
  hint?: string | undefined
  /** The frames of the Lua code that raised the error, innermost first. */
  luaFrames?: readonly string[] | undefined
  /** The error below this one. */
  cause?: unknown
}

// As seen from a project that has the package installed.
const documentation = 'node_modules/tarantool-fixture/docs/errors.md'

function compose(message: string, code: string, details: ErrorDetails): string {
  const parts = [`${message} [${code}]`]
  if (details.luaFrames?.length) parts.push(details.luaFrames.map(frame => `  ${frame}`).join('\n'))
  if (details.hint) parts.push(details.hint)
  parts.push(`See ${documentation}#${code.toLowerCase()}`)
  const log = details.shownLog ?? details.logTail
  if (log?.length) {
    const of = details.instance ? ` of ${details.instance}` : ''
    const kept = details.logFile ? ` (whole log: ${details.logFile})` : ''
    parts.push(`Last log lines${of}${kept}:\n${log.map(line => `  ${line}`).join('\n')}`)
  } else if (details.logFile) {
    parts.push(`Whole log: ${details.logFile}`)
  }
  return parts.join('\n')
}

/**
 * The base of every error that this package throws on purpose.
 *
 * `code` is stable and fit to branch on; `message` says what happened, to which server, what to do, and where the
 * documentation says more.
 *
 * @example
 * try { await instance.start() } catch (error) {
 *   if (error instanceof PortTakenError) console.error(error.address, error.code)
 * }
 */
export class TarantoolFixtureError extends Error {
  /** The `code` of its instances. */
  static readonly code: string = 'ERR_TARANTOOL_FIXTURE'

  /** @internal */
  static {
    recogniseCopies(TarantoolFixtureError)
  }

  /** Stable and unique to the class, such as `ERR_TARANTOOL_PORT_TAKEN`. */
  readonly code: string
  /** The message without hint and log. */
  readonly summary: string
  /** Which server: its fingerprint, `Tarantool[127.0.0.1:34567]`. */
  readonly instance: string | undefined
  /** The last lines of the server's log, oldest first; none where there is no log. */
  readonly logTail: readonly string[]
  /** The path of the whole log, where it still is on disk. */
  readonly logFile: string | undefined
  /** What to do about it, one sentence or a few lines. */
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

// ---- What the user wrote ----

/** An option that does not exist. The message has the nearest name that does. */
export class UnknownOptionError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_UNKNOWN_OPTION'
}

/** An option of the wrong type, out of its range, or at odds with another one. */
export class InvalidOptionError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_INVALID_OPTION'
}

/** `initLuaTemplate` has an unknown name or an unbalanced tag; the message has its line. */
export class TemplateError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_TEMPLATE'
}

/** A Lua file that the config names (`appLua`, `seedLua`, `initLuaTemplate`) does not exist or cannot be read. */
export class LuaFileError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LUA_FILE'
}

/** A path of a unix socket that is longer than the system allows: Tarantool would cut it without a word. */
export class SocketPathTooLongError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_SOCKET_PATH_TOO_LONG'
}

/** The directory for instances cannot be made or written. */
export class RootNotWritableError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_ROOT_NOT_WRITABLE'
}

// ---- The binary ----

/** No Tarantool was found, and none could be (or was allowed to be) installed. */
export class BinaryNotFoundError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_BINARY_NOT_FOUND'
}

/** The file that should be Tarantool may not be executed. */
export class BinaryNotExecutableError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_BINARY_NOT_EXECUTABLE'
}

/** The program that should be Tarantool is another one. */
export class NotTarantoolError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_NOT_TARANTOOL'
}

/** A Tarantool older than 1.10. */
export class UnsupportedVersionError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_UNSUPPORTED_VERSION'
}

/** The automatic installation failed. */
export class InstallError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_INSTALL'
}

/**
 * The vendor's release could not be downloaded: there is no network, a server gives another answer, or a file is not the
 * one that its index describes.
 */
export class DownloadError extends InstallError {
  static override readonly code: string = 'ERR_TARANTOOL_DOWNLOAD'
}

/** There is no release of the wanted version, or none for this system; `nearest` has the nearest that there are. */
export class VersionNotFoundError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_VERSION_NOT_FOUND'
  /** The nearest releases, nearest first: `['3.7.1', '3.8.0']`. Empty if this system has no build of that series. */
  readonly nearest: readonly string[]
  /** @internal Whether other systems may have the version. */
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

/** The program that runs containers is not there, or its engine does not answer. */
export class ContainerEngineError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_CONTAINER_ENGINE'
}

/** The image is not there and cannot be pulled, or holds no Tarantool. */
export class ContainerImageError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_CONTAINER_IMAGE'
}

// ---- A server's life ----

/** The port (or socket path) that the user fixed is in use; `address` is the whole. */
export class PortTakenError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_PORT_TAKEN'
  /** The address that is taken: `127.0.0.1:34567`, or a socket's path. */
  readonly address: string

  /** @internal */
  constructor(message: string, details: ErrorDetails & { address: string }) {
    super(message, details)
    this.address = details.address
  }
}

/** box.cfg refused an option; `option` is its name. */
export class BoxCfgError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_BOX_CFG'
  /** Tarantool's name of it: `memtx_memory`. */
  readonly option: string | undefined

  /** @internal */
  constructor(message: string, details: ErrorDetails & { option?: string | undefined } = {}) {
    super(message, details)
    this.option = details.option
  }
}

/** The init script or the application's Lua failed; `file` and `line` are the user's own. */
export class InitScriptError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_INIT_SCRIPT'
  /** The user's file; the name of the option, `appLua`, where the Lua is text. */
  readonly file: string | undefined
  /** The line in it, from 1. */
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

/** A seed does not fit the spaces that the application made; what is known of the place is in the fields. */
export class SeedError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_SEED'
  /** The file that the row, or the Lua, stands in. */
  readonly file: string | undefined
  /** The line in it, from 1. */
  readonly line: number | undefined
  /** The space's name. */
  readonly space: string | undefined
  /** The row's place in the list of its space, from 0. */
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

/** The server exited before it was ready, or under a request; `exitCode` or `signal` says how. */
export class ServerExitedError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_SERVER_EXITED'
  /** The exit code; undefined after a signal. */
  readonly exitCode: number | undefined
  /** The signal that ended it: `'SIGSEGV'`. */
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

/** The server was killed by a signal before it was ready. */
export class ServerKilledError extends ServerExitedError {
  static override readonly code: string = 'ERR_TARANTOOL_SERVER_KILLED'
}

/** The server was not ready within `timeout`. */
export class StartTimeoutError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_START_TIMEOUT'
}

/** `stop()`, `kill()` or `terminate()` was called while the start was under way. */
export class StartAbortedError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_START_ABORTED'
}

/** Something was asked of an instance that does not run. */
export class NotRunningError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_NOT_RUNNING'
}

/** A replication source that will never be one: it keeps no WAL, or does not let the server in. */
export class ReplicationError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_REPLICATION'
}

/** `waitForLog` did not see its pattern in time. */
export class LogTimeoutError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LOG_TIMEOUT'
}

// ---- Talking to a server ----

/** A connection to the server could not be made, or ended before the reply. */
export class ConnectionError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_CONNECTION'
}

/** The server did not answer within the time that the request was given. */
export class RequestTimeoutError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_REQUEST_TIMEOUT'
}

/** A value that has no form in MessagePack, or a reply that is not one. */
export class ProtocolError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_PROTOCOL'
}

/** One error of Tarantool's stack of errors, outermost first. */
export interface BoxErrorFrame {
  /** Tarantool's class of the error, such as `ClientError` or `LuajitError`. */
  type: string
  /** What it says. */
  message: string
  /** The number in `box.error`, such as 3 (`ER_TUPLE_FOUND`); 0 where there is none. */
  code: number
  /** Where in the server's source it was raised. */
  file?: string | undefined
  /** The line in that file. */
  line?: number | undefined
  /** The system's number of the error, of a `SystemError`. */
  errno?: number | undefined
  /** Further fields, from 2.11 on. */
  fields?: Record<string, unknown> | undefined
}

/** An error raised by Lua code: `error('boom')` in a command, a function or an eval. */
export class LuaError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LUA'
  /** The server's message, as it was raised. */
  readonly luaMessage: string
  /** Tarantool's number of the error; 32 is `ER_PROC_LUA`. */
  readonly boxCode: number | undefined
  /** Tarantool's class of the error. */
  readonly boxType: string | undefined
  /** Tarantool's stack of errors, outermost first; empty before 2.4.1, which has none. */
  readonly frames: readonly BoxErrorFrame[]
  /** Lua's traceback, where the server gives one. */
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
    super(message, details)
    this.luaMessage = message
    this.boxCode = details.boxCode
    this.boxType = details.boxType
    this.frames = details.frames ?? []
    this.luaStack = details.luaStack
  }
}

/** An error raised by the database itself: a duplicate key, a missing space, a denied access. */
export class BoxError extends LuaError {
  static override readonly code: string = 'ERR_TARANTOOL_BOX'
}

// ---- In a test run ----

/** `useTarantool('name')` or `inject('tarantool').servers.name` of a server that the config does not name. */
export class UnknownServerError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_UNKNOWN_SERVER'
}

/** A lease that was asked for at the wrong time, or that this file does not have. */
export class LeaseError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LEASE'
}

/** The main process of the run, which owns the servers, is not there any more. */
export class BrokerGoneError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_BROKER_GONE'
}

/** A test file asks for a server, and the run was not set up to have one; or the setup is wrong. */
export class SetupError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_SETUP'
}

/** A server could not be brought back to how a suite's `beforeAll`, or the top of the file, had left it. */
export class ResetError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_RESET'
}

/** With `strict`: a test changed data in a way that its undo did not see. */
export class LeftoverError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LEFTOVER'
}
