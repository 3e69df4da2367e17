import type { ProcessExit } from '../process.ts'
import type { SyncLogFile } from './log.ts'
import type { Remote } from './remote.ts'

/** A process of a blocking instance: `TarantoolProcess`, as far as it can be waited for. */
export class TarantoolSyncProcess {
  /** The process's id; 0 when it could not be started. */
  readonly pid: number
  /** The server's log: its stderr, and from the init script on its stdout. */
  readonly log: SyncLogFile
  /** Where this process's part of the log begins, in bytes. */
  readonly logStart: number
  readonly #remote: Remote
  readonly #waitTimeout: () => number

  /** @internal */
  constructor(remote: Remote, log: SyncLogFile, waitTimeout: () => number) {
    this.#remote = remote
    this.#waitTimeout = waitTimeout
    this.log = log
    this.pid = remote.get('pid') as number
    this.logStart = remote.get('logStart') as number
  }

  /** Why the process could not be made, when it could not; `pid` is then 0. */
  get spawnError(): Error | undefined {
    return this.#remote.get('spawnError') as Error | undefined
  }

  /** How it ended; undefined while it runs. */
  get exit(): ProcessExit | undefined {
    return this.#remote.get('exit') as ProcessExit | undefined
  }

  /** The exit code; undefined while it runs, and after a signal. */
  get exitCode(): number | undefined {
    return this.exit?.exitCode
  }

  /** The signal that ended it; undefined while it runs, and after an exit. */
  get signal(): NodeJS.Signals | undefined {
    return this.exit?.signal
  }

  /**
   * Waits until the process has ended, and says how.
   *
   * @throws RequestTimeoutError after the instance's `requestTimeout`
   */
  wait(): ProcessExit {
    return this.#remote.call('wait', [], this.#waitTimeout()) as ProcessExit
  }

  /** How it ended, when it has within a time in milliseconds; undefined when it goes on. */
  exitWithin(milliseconds: number): ProcessExit | undefined {
    return this.#remote.call('exitWithin', [milliseconds]) as ProcessExit | undefined
  }

  /** Sends a signal to the server; false when it has gone. */
  sendSignal(signal: NodeJS.Signals): boolean {
    return this.#remote.call('sendSignal', [signal]) as boolean
  }

  /** Sends SIGTERM, on which Tarantool shuts down. A paused server is woken up for it. */
  terminate(): boolean {
    return this.#remote.call('terminate', []) as boolean
  }

  /** Sends SIGKILL to the server and all that runs in its group. */
  kill(): boolean {
    return this.#remote.call('kill', []) as boolean
  }

  /** Ends the process: SIGTERM, and SIGKILL when it is still there after `grace` milliseconds. */
  stop(grace: number): ProcessExit {
    return this.#remote.call('stop', [grace]) as ProcessExit
  }
}
