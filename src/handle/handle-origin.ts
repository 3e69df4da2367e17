import type { ServerUse } from '../isolation/scope.ts'
import type { OwnConfig } from './leases.ts'

/** Where a handle comes from: a call of `useTarantool()`, or the package's `test`. */
export interface HandleOrigin {
  /** What was asked for. */
  readonly use: ServerUse
  /** The test file that was collected then, by its number in this worker. */
  readonly file: number
  /** The config of a server of the file's own. */
  readonly own?: OwnConfig | undefined
}
