import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { ProcessExit } from './exit.ts'
import { type OwnedProcess, signalGroup } from './owned-process.ts'

/** The command to run, and its surroundings. */
export interface SpawnSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The file to which the process's stderr is appended. */
  readonly logFile: string
}

// Some errors are thrown (E2BIG), others come as an event (ENOENT).
function makeChild({ command, args, cwd, env }: SpawnSpec, log: number): ChildProcess | Error {
  try {
    // The server itself writes this file, so nothing in this process can make the server wait.
    return spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', log], detached: true })
  } catch (error) {
    return error as Error
  }
}

/**
 * The process that was spawned for a server, and how that process ended. The process has its own process group, so that
 * Ctrl-C in a terminal ends the test run and not the server under it.
 */
export class SpawnedProcess implements OwnedProcess {
  readonly logStart: number
  readonly exited: Promise<ProcessExit>
  readonly #child: ChildProcess | undefined
  #spawnError: Error | undefined
  #exit: ProcessExit | undefined
  #holders = 0

  private constructor(child: ChildProcess | Error, logStart: number) {
    this.logStart = logStart
    this.#child = child instanceof Error ? undefined : child
    this.exited = new Promise(resolve => {
      const settle = (exit: ProcessExit): void => {
        if (this.#exit) return
        this.#exit = exit
        // This ends programs that the server started and that outlived it. A daemon, which has left the group, sees its
        // lifeline end.
        this.signalGroup('SIGKILL')
        resolve(exit)
      }
      const fail = (error: Error): void => {
        // A signal that is not permitted, because the server runs as another user, is also an error of the child.
        if (this.pid !== 0) return
        this.#spawnError = error
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
    // The callers that hold the process decide whether it keeps Node alive.
    for (const handle of [child, child.stdin as Socket | null, child.stdout as Socket | null]) handle?.unref()
  }

  static spawn(spec: SpawnSpec): SpawnedProcess {
    const log = openSync(spec.logFile, 'a', 0o600)
    try {
      const { size } = fstatSync(log)
      return new SpawnedProcess(makeChild(spec, log), size)
    } finally {
      closeSync(log)
    }
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get spawnError(): Error | undefined {
    return this.#spawnError
  }

  get exit(): ProcessExit | undefined {
    return this.#exit
  }

  get stdout(): Readable {
    return this.#child?.stdout ?? Readable.from([])
  }

  hold(): () => void {
    if (this.#holders++ === 0) this.#child?.ref()
    return () => {
      if (--this.#holders === 0) this.#child?.unref()
    }
  }

  signal(signal: NodeJS.Signals): boolean {
    return this.pid !== 0 && !this.#exit && this.#child?.kill(signal) === true
  }

  signalGroup(signal: NodeJS.Signals): boolean {
    return signalGroup(this.pid, signal)
  }

  endLifeline(): void {
    this.#child?.stdin?.destroy()
  }
}
