import type { ServerUse } from '../isolation/scope.ts'
import type { OwnConfig } from './leases.ts'

/** The origin of a handle: a call of `useTarantool()`, or the package's `test`. */
export interface HandleOrigin {
  /** The server and the options that the call asked for. */
  readonly use: ServerUse
  /** The name of the cluster's instance. Default: the instance that the option `connect` names. */
  readonly member?: string | undefined
  /** The number, in this worker, of the test file that was being collected at the time. */
  readonly file: number
  /** The config, if the server belongs to the file alone. */
  readonly own?: OwnConfig | undefined
}
