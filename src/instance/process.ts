import type { Readable } from 'node:stream'
import { LogFile } from '../log/log-file.ts'
import { exitWithin, type ProcessExit } from './control/exit.ts'
import { LocalControl } from './control/local.ts'
import type { OwnedProcess } from './control/owned-process.ts'
import type { ServerControl } from './control/server-control.ts'
import { SpawnedProcess, type SpawnSpec } from './control/spawned.ts'
import type { ForkedProcess } from './prefork/forked.ts'

/** The command of a server's process, and the way to control the server. */
export interface ProcessSpec extends SpawnSpec {
  /** Makes the control of a server that is not the spawned process itself. Default: the process is the server. */
  readonly control?: ((spawned: SpawnedProcess) => ServerControl) | undefined
}

/**
 * One operating-system process of a server: asynctnt's `TarantoolInstanceProtocol`.
 *
 * Its stdin is the lifeline: the server exits when the owner's end closes, which also happens when the owner dies. The
 * process has its own process group, so that Ctrl-C in a terminal ends the test run and not the server under it.
 */
export class TarantoolProcess {
  /** The server's log: its stderr. From the init script on, it also contains the server's stdout. */
  readonly log: LogFile
  /** The offset in bytes at which this process's part of the log begins. The file may have lines of an earlier run. */
  readonly logStart: number
  /** Resolves when the process has ended, without keeping Node alive for it. */
  readonly exited: Promise<ProcessExit>
  readonly #owned: OwnedProcess
  readonly #control: ServerControl
  #isPaused = false

  /** A running Tarantool has forked the process. @internal */
  readonly isForked: boolean

  private constructor(
    owned: OwnedProcess,
    logFile: string,
    {
      isForked = false,
      control = new LocalControl(owned),
    }: { isForked?: boolean; control?: ServerControl | undefined },
  ) {
    this.isForked = isForked
    this.log = new LogFile(logFile)
    this.logStart = owned.logStart
    this.#owned = owned
    this.#control = control
    this.exited = owned.exited.then(exit => control.exitOf(exit))
  }

  /** Starts a process. `pid` shows at once if the start failed, and `wait()` gives the reason. @internal */
  static spawn({ control, ...spec }: ProcessSpec): TarantoolProcess {
    const spawned = SpawnedProcess.spawn(spec)
    return new TarantoolProcess(spawned, spec.logFile, { control: control?.(spawned) })
  }

  /** The process of a server that was forked from a running Tarantool. @internal */
  static forked(forked: ForkedProcess, logFile: string): TarantoolProcess {
    return new TarantoolProcess(forked, logFile, { isForked: true })
  }

  /** The process id; 0 if the process could not be started. */
  get pid(): number {
    return this.#owned.pid
  }

  /** The reason why the process could not be started. `pid` is then 0. */
  get spawnError(): Error | undefined {
    return this.#owned.spawnError
  }

  /** The server's own id on this machine. A container's server has another id than `pid`, or no known id. */
  get serverPid(): number | undefined {
    return this.#control.pid
  }

  /** How the process ended; undefined while it runs. */
  get exit(): ProcessExit | undefined {
    const { exit } = this.#owned
    return exit && this.#control.exitOf(exit)
  }

  /** The exit code; undefined while it runs, and after a signal. */
  get exitCode(): number | undefined {
    return this.exit?.exitCode
  }

  /** The signal that ended the process; undefined while it runs, and after an exit. */
  get signal(): NodeJS.Signals | undefined {
    return this.exit?.signal
  }

  /** The stream with the boot script's report. @internal */
  get reportStream(): Readable {
    return this.#owned.stdout
  }

  /** Waits until the process has ended, and returns its exit code or signal. Keeps Node alive until then. */
  async wait(): Promise<ProcessExit> {
    const release = this.hold()
    try {
      return await this.exited
    } finally {
      release()
    }
  }

  /** Waits for the end of the process; undefined if it still runs after a time in milliseconds. */
  async exitWithin(milliseconds: number): Promise<ProcessExit | undefined> {
    return await exitWithin(this.exited, milliseconds)
  }

  /** Keeps Node alive for the process, until the returned function is called. @internal */
  hold(): () => void {
    return this.#owned.hold()
  }

  /** A signal of this process's owner has frozen the server. @internal */
  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Sends a signal to the server. Returns false if the server has ended. */
  sendSignal(signal: NodeJS.Signals): boolean {
    const isSent = this.#isThere && this.#control.signal(signal)
    if (isSent && signal === 'SIGSTOP') this.#isPaused = true
    if (signal === 'SIGCONT') this.#isPaused = false
    return isSent
  }

  /** Sends SIGTERM, on which Tarantool shuts down. A paused server is resumed first. */
  terminate(): boolean {
    return this.#isThere && this.#control.terminate()
  }

  /** Sends SIGKILL to the server and to its process group. Ends the lifeline, for processes that may not be killed. */
  kill(): boolean {
    return this.#isThere && this.#control.kill()
  }

  /** Frees the ports that another program has published for the server. @internal */
  async unpublish(): Promise<void> {
    await this.#control.unpublish()
  }

  /** Undoes `unpublish`. @internal */
  async publish(): Promise<void> {
    await this.#control.publish()
  }

  /**
   * Ends the process: SIGTERM, then SIGKILL if it still runs after `grace` milliseconds. A shutdown trigger may hang,
   * and Lua that never yields does not see SIGTERM.
   */
  async stop(grace: number): Promise<ProcessExit> {
    this.terminate()
    const timer = setTimeout(() => this.kill(), grace)
    try {
      return await this.wait()
    } finally {
      clearTimeout(timer)
    }
  }

  get #isThere(): boolean {
    return this.pid !== 0 && !this.#owned.exit
  }
}
