import type { Readable } from 'node:stream'
import { LogFile } from '../log/log-file.ts'
import { exitWithin, type ProcessExit } from './control/exit.ts'
import { LocalControl } from './control/local.ts'
import type { ServerControl } from './control/server-control.ts'
import { SpawnedProcess, type SpawnSpec } from './control/spawned.ts'

/** What to run for a server, and how the server is controlled then. */
export interface ProcessSpec extends SpawnSpec {
  /** Makes the control of a server for which the spawned process only stands. Default: the process is the server. */
  readonly control?: ((spawned: SpawnedProcess) => ServerControl) | undefined
}

/**
 * One operating-system process of a server: asynctnt's `TarantoolInstanceProtocol`.
 *
 * Its stdin is the lifeline: the server exits when this end closes, as it does when its owner dies. It runs in a process
 * group of its own, so that Ctrl-C in a terminal ends the test run and not the server under it.
 */
export class TarantoolProcess {
  /** The server's log: its stderr, and from the init script on its stdout. */
  readonly log: LogFile
  /** Where this process's part of the log begins, in bytes: the file may have lines of an earlier run. */
  readonly logStart: number
  /** Resolves when the process has ended, without keeping Node alive for it. */
  readonly exited: Promise<ProcessExit>
  readonly #spawned: SpawnedProcess
  readonly #control: ServerControl

  private constructor(spawned: SpawnedProcess, control: ServerControl, log: LogFile) {
    this.log = log
    this.logStart = spawned.logStart
    this.#spawned = spawned
    this.#control = control
    this.exited = spawned.exited.then(exit => control.exitOf(exit))
  }

  /** Starts a process. Whether it could be started shows at once in `pid`, and why not in `wait()`. @internal */
  static spawn({ control, ...spec }: ProcessSpec): TarantoolProcess {
    const spawned = SpawnedProcess.spawn(spec)
    return new TarantoolProcess(spawned, control?.(spawned) ?? new LocalControl(spawned), new LogFile(spec.logFile))
  }

  /** The process's id; 0 when it could not be started. */
  get pid(): number {
    return this.#spawned.pid
  }

  /** Why the process could not be made, when it could not; `pid` is then 0. */
  get spawnError(): Error | undefined {
    return this.#spawned.spawnError
  }

  /** The server's own id on this machine: of a server in a container another one than `pid`, or none that is known. */
  get serverPid(): number | undefined {
    return this.#control.pid
  }

  /** How it ended; undefined while it runs. */
  get exit(): ProcessExit | undefined {
    const { exit } = this.#spawned
    return exit && this.#control.exitOf(exit)
  }

  /** The exit code; undefined while it runs, and after a signal. */
  get exitCode(): number | undefined {
    return this.exit?.exitCode
  }

  /** The signal that ended it; undefined while it runs, and after an exit. */
  get signal(): NodeJS.Signals | undefined {
    return this.exit?.signal
  }

  /** Where the boot script reports. @internal */
  get reportStream(): Readable {
    return this.#spawned.stdout
  }

  /** Waits until the process has ended, and returns how the process ended. Keeps Node alive until then. */
  async wait(): Promise<ProcessExit> {
    const release = this.hold()
    try {
      return await this.exited
    } finally {
      release()
    }
  }

  /** How it ended, when it has within a time in milliseconds; undefined when it goes on. */
  async exitWithin(milliseconds: number): Promise<ProcessExit | undefined> {
    return await exitWithin(this.exited, milliseconds)
  }

  /** Keeps Node alive for the process, until the function that it returns is called. @internal */
  hold(): () => void {
    return this.#spawned.hold()
  }

  /** Sends a signal to the server; false when it has gone. */
  sendSignal(signal: NodeJS.Signals): boolean {
    return this.#isThere && this.#control.signal(signal)
  }

  /** Sends SIGTERM, on which Tarantool shuts down. A paused server is woken up for it. */
  terminate(): boolean {
    return this.#isThere && this.#control.terminate()
  }

  /** Sends SIGKILL to the server and all that runs in its group, and ends the lifeline of what may not be killed. */
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
   * Ends the process: SIGTERM, and SIGKILL when it is still there after `grace` milliseconds (a shutdown trigger may hang,
   * and a Lua that never yields does not see SIGTERM).
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
    return this.pid !== 0 && !this.#spawned.exit
  }
}
