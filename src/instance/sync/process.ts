import type { TarantoolProcess } from '../process.ts'
import type { SyncLogFile } from './log.ts'
import type { Remote } from './remote.ts'
import { type OwnMembers, type Twin, twinOf } from './twin.ts'

const ways = {
  pid: 'own',
  log: 'own',
  logStart: 'own',
  spawnError: 'property',
  exit: 'property',
  exitCode: 'property',
  signal: 'property',
  wait: 'limited',
  exitWithin: 'method',
  sendSignal: 'method',
  terminate: 'method',
  kill: 'method',
  stop: 'method',
  // A promise cannot leave its thread.
  exited: 'none',
  // The instance needs these members for a start.
  serverPid: 'none',
  reportStream: 'none',
  hold: 'none',
  unpublish: 'none',
  publish: 'none',
  isForked: 'none',
  isPaused: 'none',
} as const

const BlockingProcess: Twin<TarantoolProcess, typeof ways> = /* @__PURE__ */ twinOf(ways)

/**
 * A process of a blocking instance. It has the members of `TarantoolProcess`, except `exited` and `serverPid`. The
 * methods block and return the value itself. `wait` throws a RequestTimeoutError after the instance's `requestTimeout`.
 */
export class TarantoolSyncProcess extends BlockingProcess {
  /** The process id; 0 if the process could not be started. */
  readonly pid: number
  /** The server's log: its stderr. From the init script on, it also contains the server's stdout. */
  readonly log: SyncLogFile
  /** The offset in bytes at which this process's part of the log begins. */
  readonly logStart: number

  /** @internal */
  constructor(remote: Remote, log: SyncLogFile) {
    super(remote)
    this satisfies OwnMembers<TarantoolProcess, typeof ways>
    this.log = log
    this.pid = remote.get('pid') as number
    this.logStart = remote.get('logStart') as number
  }
}
