import type * as errors from './errors.ts'
import {
  BinaryNotExecutableError,
  BinaryNotFoundError,
  BoxCfgError,
  BoxError,
  BrokerGoneError,
  ClusterConfigError,
  ConnectionError,
  ContainerEngineError,
  ContainerImageError,
  DownloadError,
  InitScriptError,
  InstallError,
  InvalidOptionError,
  LeaseError,
  LeftoverError,
  LogTimeoutError,
  LuaError,
  LuaFileError,
  NotRecordedError,
  NotRunningError,
  NotTarantoolError,
  PortTakenError,
  ProtocolError,
  ReplicationError,
  RequestTimeoutError,
  ResetError,
  RootNotWritableError,
  SeedError,
  ServerExitedError,
  ServerKilledError,
  SetupError,
  SocketPathTooLongError,
  StartAbortedError,
  StartTimeoutError,
  TarantoolFixtureError,
  TemplateError,
  UnknownOptionError,
  UnknownServerError,
  UnsupportedVersionError,
  VersionNotFoundError,
} from './errors.ts'

interface ErrorClass {
  readonly prototype: Error
}

// A list, although the module's namespace has all names: a bundler makes a file of its own for a namespace object, and test
// files load this module.
const classes: Readonly<Record<keyof typeof errors, ErrorClass>> = {
  BinaryNotExecutableError,
  BinaryNotFoundError,
  BoxCfgError,
  BoxError,
  BrokerGoneError,
  ClusterConfigError,
  ConnectionError,
  ContainerEngineError,
  ContainerImageError,
  DownloadError,
  InitScriptError,
  InstallError,
  InvalidOptionError,
  LeaseError,
  LeftoverError,
  LogTimeoutError,
  LuaError,
  LuaFileError,
  NotRecordedError,
  NotRunningError,
  NotTarantoolError,
  PortTakenError,
  ProtocolError,
  ReplicationError,
  RequestTimeoutError,
  ResetError,
  RootNotWritableError,
  SeedError,
  ServerExitedError,
  ServerKilledError,
  SetupError,
  SocketPathTooLongError,
  StartAbortedError,
  StartTimeoutError,
  TarantoolFixtureError,
  TemplateError,
  UnknownOptionError,
  UnknownServerError,
  UnsupportedVersionError,
  VersionNotFoundError,
}

/**
 * The error class of this package with a name. An error that comes from another process or thread has lost its class.
 */
export function errorClassOf(name: string): ErrorClass | undefined {
  return Object.hasOwn(classes, name) ? classes[name as keyof typeof errors] : undefined
}
