import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { ProcessExit } from '../control/exit.ts'
import { type OwnedProcess, signalGroup } from '../control/owned-process.ts'

export interface ForkedSpec {
  readonly pid: number
  readonly logStart: number
  /** The other end of the process's stdin. */
  readonly lifeline: Socket
  /** The other end of the process's stdout. */
  readonly report: Socket
  /** Resolves to the exit that the zygote tells of; to undefined if the zygote has ended before. */
  readonly told: Promise<ProcessExit | undefined>
  /** Keeps Node alive for the zygote's word, until the function that it returns is called. */
  readonly hold: () => () => void
}

// How often a process without a parent here is looked for, in milliseconds.
const lookInterval = 20

const unknownExit: ProcessExit = { exitCode: undefined, signal: undefined }

// In a container without an init process nobody may have waited for it.
function isThere(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch {
    return false
  }
}

/** A server's process that a zygote has forked. It has a session and process group of its own. */
export class ForkedProcess implements OwnedProcess {
  readonly pid: number
  readonly logStart: number
  readonly spawnError = undefined
  readonly exited: Promise<ProcessExit>
  readonly stdout: Readable
  readonly #lifeline: Socket
  readonly #holdZygote: () => () => void
  #exit: ProcessExit | undefined
  #holders = 0
  #release = (): void => {}

  constructor({ pid, logStart, lifeline, report, told, hold }: ForkedSpec) {
    this.pid = pid
    this.logStart = logStart
    this.stdout = report
    this.#lifeline = lifeline
    this.#holdZygote = hold
    for (const socket of [lifeline, report]) {
      socket.on('error', () => {})
      socket.unref()
    }
    lifeline.resume()
    this.exited = this.#end(told)
  }

  get exit(): ProcessExit | undefined {
    return this.#exit
  }

  hold(): () => void {
    if (this.#holders++ === 0) {
      this.#lifeline.ref()
      this.#release = this.#holdZygote()
    }
    return () => {
      if (--this.#holders > 0) return
      this.#lifeline.unref()
      this.#release()
    }
  }

  signal(signal: NodeJS.Signals): boolean {
    if (this.#exit) return false
    try {
      return process.kill(this.pid, signal)
    } catch {
      return false
    }
  }

  signalGroup(signal: NodeJS.Signals): boolean {
    return signalGroup(this.pid, signal)
  }

  endLifeline(): void {
    this.#lifeline.destroy()
  }

  async #end(told: Promise<ProcessExit | undefined>): Promise<ProcessExit> {
    const exit = (await told) ?? (await this.#endOfOrphan())
    this.#exit = exit
    // Programs that the server started and that outlived it.
    this.signalGroup('SIGKILL')
    this.#lifeline.destroy()
    return exit
  }

  // The system has become the parent of a process whose zygote has ended, and tells nobody of the exit code.
  async #endOfOrphan(): Promise<ProcessExit> {
    if (!this.#lifeline.closed) await new Promise(resolve => this.#lifeline.once('close', resolve))
    while (isThere(this.pid)) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, lookInterval)
        if (this.#holders === 0) timer.unref()
      })
    }
    return unknownExit
  }
}
