import { type ErrorDetails, TarantoolFixtureError } from './base.ts'

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
