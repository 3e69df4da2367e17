import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { LogFile } from '../log/log-file.ts'

/** How a process ended: one of the two is set. */
export interface ProcessExit {
  /** The exit code; undefined after a signal. */
  readonly exitCode: number | undefined
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | undefined
}

/** How a server is signalled that the spawned process only stands for: one in a container. */
export interface ServerControl {
  /** The server's process id on this machine; undefined where it has none, or is not known to have one yet. */
  readonly pid: number | undefined
  /** Returns when the signal was sent; false when that failed. */
  signal(signal: NodeJS.Signals): boolean
  /** Asks the server to shut down, waking it up if it is paused. */
  terminate(): boolean
  /** Ends the server and the process that stands for it, whatever it takes. */
  kill(): boolean
  /** Frees the ports that the server is published on, while the server keeps running. @throws when that failed */
  unpublish(): Promise<void>
  /** Publishes the server on the same ports again. @throws when that failed */
  publish(): Promise<void>
  /** What became of the server, by the end of the process that stands for it. */
  exitOf(exit: ProcessExit): ProcessExit
}

/** What to run, and where. */
export interface ProcessSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Gets the process's stderr; appended to. */
  readonly logFile: string
  /** Makes the control of a server that the process only stands for. Default: the process is the server. */
  readonly control?: ((process: TarantoolProcess) => ServerControl) | undefined
}

// Some errors are thrown (E2BIG), others come as an event (ENOENT).
function makeChild({ command, args, cwd, env }: ProcessSpec, log: number): ChildProcess | Error {
  try {
    // The log is a file that the server itself writes: nothing in this process can make it wait.
    return spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', log], detached: true })
  } catch (error) {
    return error as Error
  }
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
  /** Why the process could not be made, when it could not; `pid` is then 0. */
  spawnError: Error | undefined
  /** Resolves when the process has ended, without keeping Node alive for it. */
  readonly exited: Promise<ProcessExit>
  readonly #child: ChildProcess | undefined
  readonly #control: ServerControl | undefined
  #exit: ProcessExit | undefined
  #holders = 0

  private constructor(child: ChildProcess | Error, spec: ProcessSpec, logStart: number) {
    this.log = new LogFile(spec.logFile)
    this.logStart = logStart
    this.#child = child instanceof Error ? undefined : child
    this.#control = this.#child && spec.control?.(this)
    this.exited = new Promise(resolve => {
      const settle = (exit: ProcessExit): void => {
        if (this.#exit) return
        this.#exit = this.#control?.exitOf(exit) ?? exit
        // Programs that the server started and that outlived it. One that left its group, a daemon, sees its lifeline end.
        this.#signalGroup('SIGKILL')
        resolve(this.#exit)
      }
      const fail = (error: Error): void => {
        // A signal that may not be sent (the server runs as another user) is an error of the child, too.
        if (this.pid !== 0) return
        this.spawnError = error
        settle({ exitCode: undefined, signal: undefined })
      }
      if (child instanceof Error) {
        fail(child)
        return
      }
      child.on('error', fail)
      child.once('exit', (exitCode, signal) => settle({ exitCode: exitCode ?? undefined, signal: signal ?? undefined }))
    })
    if (child instanceof Error) return
    child.stdin?.on('error', () => {})
    // What keeps Node alive is the process, for those who hold it.
    for (const handle of [child, child.stdin as Socket | null, child.stdout as Socket | null]) handle?.unref()
  }

  /** Starts a process. Whether it could be started shows at once in `pid`, and why not in `wait()`. @internal */
  static spawn(spec: ProcessSpec): TarantoolProcess {
    const log = openSync(spec.logFile, 'a', 0o600)
    try {
      const { size } = fstatSync(log)
      return new TarantoolProcess(makeChild(spec, log), spec, size)
    } finally {
      closeSync(log)
    }
  }

  /** The process's id; 0 when it could not be started. */
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** The server's own id on this machine: of a server in a container another one than `pid`, or none that is known. */
  get serverPid(): number | undefined {
    if (this.pid === 0) return undefined
    return this.#control ? this.#control.pid : this.pid
  }

  /** How it ended; undefined while it runs. */
  get exit(): ProcessExit | undefined {
    return this.#exit
  }

  /** The exit code; undefined while it runs, and after a signal. */
  get exitCode(): number | undefined {
    return this.#exit?.exitCode
  }

  /** The signal that ended it; undefined while it runs, and after an exit. */
  get signal(): NodeJS.Signals | undefined {
    return this.#exit?.signal
  }

  /** Where the boot script reports. @internal */
  get reportStream(): Readable {
    return this.#child?.stdout ?? Readable.from([])
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
    let timer: NodeJS.Timeout | undefined
    const goesOn = new Promise<undefined>(resolve => {
      timer = setTimeout(resolve, milliseconds, undefined)
    })
    try {
      return await Promise.race([this.exited, goesOn])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Keeps Node alive for the process, until the function that it returns is called. @internal */
  hold(): () => void {
    if (this.#holders++ === 0) this.#child?.ref()
    return () => {
      if (--this.#holders === 0) this.#child?.unref()
    }
  }

  /** Sends a signal to the server; false when it has gone. */
  sendSignal(signal: NodeJS.Signals): boolean {
    if (this.#exit || this.pid === 0) return false
    return this.#control ? this.#control.signal(signal) : this.#child?.kill(signal) === true
  }

  /** Sends SIGTERM, on which Tarantool shuts down. A paused server is woken up for it. */
  terminate(): boolean {
    if (this.#control) return !this.#exit && this.#control.terminate()
    const sent = this.sendSignal('SIGTERM')
    this.sendSignal('SIGCONT')
    return sent
  }

  /** Sends SIGKILL to the server and all that runs in its group, and ends the lifeline of what may not be killed. */
  kill(): boolean {
    if (this.#exit) return false
    if (this.#control) return this.#control.kill()
    const sent = this.#signalGroup('SIGKILL')
    this.endLifeline()
    return sent
  }

  /** Frees the ports that another program has published for the server. @internal */
  async unpublish(): Promise<void> {
    await this.#control?.unpublish()
  }

  /** Undoes `unpublish`. @internal */
  async publish(): Promise<void> {
    await this.#control?.publish()
  }

  /** Closes the server's stdin: one that is there, or will be, ends by itself. @internal */
  endLifeline(): void {
    this.#child?.stdin?.destroy()
  }

  /** Sends SIGKILL to the spawned process and its group; a server in a container may live on. @internal */
  killClient(): void {
    this.#signalGroup('SIGKILL')
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

  #signalGroup(signal: NodeJS.Signals): boolean {
    if (this.pid === 0) return false
    try {
      return process.kill(-this.pid, signal)
    } catch {
      return false
    }
  }
}
