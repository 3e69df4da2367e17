import { TarantoolFixtureError } from './base.ts'

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
