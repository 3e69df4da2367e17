import { type ErrorDetails, TarantoolFixtureError } from './base.ts'

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

/** A link cannot carry connections: it cannot listen on its address, or the thread of the links has ended. */
export class LinkError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LINK'
}

/** `waitForLog` did not find its pattern in time. */
export class LogTimeoutError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_LOG_TIMEOUT'
}
