import { type ErrorDetails, TarantoolFixtureError } from './base.ts'

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

/** The program that runs containers was not found, or its engine does not answer. */
export class ContainerEngineError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_CONTAINER_ENGINE'
}

/** The image does not exist and cannot be pulled, or it contains no Tarantool. */
export class ContainerImageError extends TarantoolFixtureError {
  static override readonly code: string = 'ERR_TARANTOOL_CONTAINER_IMAGE'
}
