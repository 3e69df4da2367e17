import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { execa, type ResultPromise } from 'execa'
import { LogFile } from './log.ts'

/** How a process ended: one of the two is set. */
export interface ProcessExit {
  readonly exitCode: number | undefined
  readonly signal: NodeJS.Signals | undefined
}

/** What to run, and where. */
export interface ProcessSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Gets the process's stderr; appended to. */
  readonly logFile: string
}

type Subprocess = ResultPromise<{ reject: false; buffer: false; stdin: 'pipe'; stdout: 'pipe' }>

// A stream of a subprocess is a socket, which can be told not to keep the event loop alive.
const setReferenced = (stream: unknown, referenced: boolean): void => {
  const socket = stream as { ref?: () => void; unref?: () => void } | null
  if (referenced) socket?.ref?.()
  else socket?.unref?.()
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
  /** Why the process could not be made, when it could not; `pid` is then 0. */
  spawnError: Error | undefined
  readonly #subprocess: Subprocess
  readonly #exited: Promise<ProcessExit>
  #exit: ProcessExit | undefined

  private constructor(subprocess: Subprocess, logFile: string) {
    this.#subprocess = subprocess
    this.log = new LogFile(logFile)
    this.#exited = new Promise(resolve => {
      const settle = (exit: ProcessExit): void => {
        if (this.#exit) return
        this.#exit = exit
        // Programs that the server started and that outlived it.
        this.#signalGroup('SIGKILL')
        resolve(exit)
      }
      subprocess.once('exit', (exitCode, signal) =>
        settle({ exitCode: exitCode ?? undefined, signal: signal ?? undefined }),
      )
      subprocess.once('error', error => {
        this.spawnError = error
        settle({ exitCode: undefined, signal: undefined })
      })
    })
    subprocess.stdin.on('error', () => {})
    // With reject: false it still rejects on errors of its own; the exit says all that we need.
    subprocess.catch(() => {})
  }

  /** Starts a process. Whether it could be started shows at once in `pid`, and why not in `wait()`. */
  static spawn(spec: ProcessSpec): TarantoolProcess {
    const log = openSync(spec.logFile, 'a', 0o600)
    try {
      const subprocess = execa(spec.command, [...spec.args], {
        cwd: spec.cwd,
        env: spec.env,
        extendEnv: false,
        stdin: 'pipe',
        stdout: 'pipe',
        // A file that the server itself writes: nothing in this process can make it wait. Execa passes any descriptor
        // on; its types know of the first three.
        stderr: log as 2,
        buffer: false,
        reject: false,
        detached: true,
        cleanup: false,
      })
      return new TarantoolProcess(subprocess as unknown as Subprocess, spec.logFile)
    } finally {
      closeSync(log)
    }
  }

  /** The process's id; 0 when it could not be started. */
  get pid(): number {
    return this.#subprocess.pid ?? 0
  }

  /** How it ended; undefined while it runs. */
  get exit(): ProcessExit | undefined {
    return this.#exit
  }

  get exitCode(): number | undefined {
    return this.#exit?.exitCode
  }

  get signal(): NodeJS.Signals | undefined {
    return this.#exit?.signal
  }

  /** Where the boot script reports. */
  get reportStream(): Readable {
    return this.#subprocess.stdout
  }

  /** Resolves when the process has ended, and says how. Keeps Node alive until then. */
  async wait(): Promise<ProcessExit> {
    if (this.#exit) return this.#exit
    this.keepAlive(true)
    return await this.#exited
  }

  /** How it ended, when it has within a time in milliseconds; undefined when it goes on. */
  async exitWithin(milliseconds: number): Promise<ProcessExit | undefined> {
    let timer: NodeJS.Timeout | undefined
    const goesOn = new Promise<undefined>(resolve => {
      timer = setTimeout(resolve, milliseconds, undefined)
    })
    try {
      return await Promise.race([this.#exited, goesOn])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Calls back when the process has ended, without keeping Node alive for it. */
  onExit(callback: (exit: ProcessExit) => void): void {
    void this.#exited.then(callback)
  }

  /** Whether Node stays alive for this process. A server that is ready does not hold its owner back. */
  keepAlive(keep: boolean): void {
    setReferenced(this.#subprocess, keep)
    setReferenced(this.#subprocess.stdin, keep)
    setReferenced(this.#subprocess.stdout, keep)
  }

  /** Sends a signal to the server; false when it has gone. */
  sendSignal(signal: NodeJS.Signals): boolean {
    return !this.#exit && this.pid !== 0 && this.#subprocess.kill(signal)
  }

  /** Sends SIGTERM, on which Tarantool shuts down. A paused server is woken up for it. */
  terminate(): boolean {
    const sent = this.sendSignal('SIGTERM')
    this.sendSignal('SIGCONT')
    return sent
  }

  /** Sends SIGKILL to the server and all that runs in its group. */
  kill(): boolean {
    return !this.#exit && this.#signalGroup('SIGKILL')
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
