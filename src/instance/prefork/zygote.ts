import type { ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { checkSocketPath } from '../place/addresses.ts'
import { makeDirectory, newDirectoryPath, removeDirectory } from '../place/directory.ts'
import { defaultPlace } from '../place/place.ts'
import { type Answer, readAnswers } from './answers.ts'
import { Children } from './children.ts'
import { ForkedProcess } from './forked.ts'
import { type ForkOrder, orderLine } from './order.ts'
import { NotForkedError } from './pending-fork.ts'
import { type Connections, Rendezvous } from './rendezvous.ts'
import { spawnZygote } from './spawn-zygote.ts'

type State =
  | { readonly state: 'starting' }
  | { readonly state: 'ready' }
  /** `isFinal`: another zygote of the program would not do better. */
  | { readonly state: 'gone'; readonly reason: string; readonly isFinal: boolean }

// In milliseconds. A start does not wait for a slow zygote, which may serve the next start. A ready zygote that does not
// answer hangs, or is stopped. Servers that were killed a moment ago are waited for at the end.
const patience = { start: 1500, fork: 2000, end: 500 }
// A zygote without children ends after this time, in milliseconds.
const idleTime = 5000

// The word that a child waits for. fixtures/prefork/boot.lua reads it.
const goOn = '\n'

function closeBoth({ lifeline, report }: Connections): void {
  lifeline.destroy()
  report.destroy()
}

/** The size of a log in bytes. Makes the log if there is none. */
function sizeOfLog(path: string): number {
  const log = openSync(path, 'a', 0o600)
  try {
    return fstatSync(log).size
  } finally {
    closeSync(log)
  }
}

/**
 * A Tarantool that has come as far as its init script, and forks a process for each server. It ends with its owner, and
 * after some time without children. Its servers do not depend on it.
 */
export class Zygote {
  /** Resolves when the process has ended and its directory is removed. */
  readonly ended: Promise<void>
  readonly #env: Readonly<Record<string, string>>
  readonly #process: ChildProcess
  readonly #rendezvous: Rendezvous
  readonly #children = new Children()
  /** Resolves when the process is ready or gone. */
  readonly #settled: Promise<void>
  #onSettled = (): void => {}
  #state: State = { state: 'starting' }
  #holders = 0
  #idle: NodeJS.Timeout | undefined

  private constructor(made: ChildProcess, env: Readonly<Record<string, string>>, rendezvous: Rendezvous) {
    this.#env = env
    this.#process = made
    this.#rendezvous = rendezvous
    this.#settled = new Promise(resolve => {
      this.#onSettled = resolve
    })
    this.ended = new Promise(resolve => {
      const end = (reason: string): void => {
        this.#gone(reason)
        resolve()
      }
      made.once('error', error => end(error.message))
      made.once('exit', (code, signal) => end(`the zygote ended with ${signal ?? `exit code ${code}`}`))
    })
    if (made.stdout) readAnswers(made.stdout, answer => this.#take(answer))
    this.#unref()
  }

  /**
   * Starts a zygote. It may not be ready yet when this returns.
   *
   * @throws an error of the system, or of the fixture, if the zygote has no place
   */
  static async start(command: string, env: Readonly<Record<string, string>>): Promise<Zygote> {
    const directory = newDirectoryPath(defaultPlace())
    const path = join(directory, 'fork.sock')
    checkSocketPath(path, "zygote's socket")
    makeDirectory(directory, { keep: false })
    let rendezvous: Rendezvous | undefined
    try {
      rendezvous = await Rendezvous.listen(path)
      const zygote = new Zygote(spawnZygote(command, env, directory), env, rendezvous)
      void zygote.ended.then(() => {
        rendezvous?.close()
        try {
          removeDirectory(directory)
        } catch {
          // The reaper removes it when this process ends.
        }
      })
      return zygote
    } catch (error) {
      rendezvous?.close()
      removeDirectory(directory)
      throw error
    }
  }

  /** Why no server can be forked. `isFinal`: another zygote of the program could not, either. */
  get gone(): { readonly reason: string; readonly isFinal: boolean } | undefined {
    return this.#state.state === 'gone' ? this.#state : undefined
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /**
   * Forks a server.
   *
   * @throws NotForkedError if there is no server; an error of the system if the log cannot be opened
   */
  async fork(order: ForkOrder): Promise<ForkedProcess> {
    const release = this.hold()
    try {
      await this.#readyWithin(patience.start)
      return await this.#forkWith(order, sizeOfLog(order.logFile))
    } finally {
      release()
    }
  }

  /** Ends the process. Its servers go on. */
  end(): void {
    this.#gone('the zygote was ended')
    this.#process.kill('SIGKILL')
  }

  /** Ends the process if it has no children, or if they end in a moment. Resolves when the process has ended. */
  async endIfUnused(): Promise<void> {
    await this.#children.endWithin(patience.end)
    if (this.#children.count > 0 || this.#holders > 0) return
    this.end()
    // Without anything else to do, Node would exit before the process has ended.
    this.#process.ref()
    await this.ended
  }

  /** Keeps Node alive for the answers, until the returned function is called. */
  hold(): () => void {
    clearTimeout(this.#idle)
    if (this.#holders++ === 0) {
      this.#process.ref()
      ;(this.#process.stdout as Socket | null)?.ref()
    }
    return () => {
      if (--this.#holders > 0) return
      this.#unref()
      this.#endWhenUnused()
    }
  }

  #unref(): void {
    const { stdin, stdout } = this.#process
    for (const handle of [this.#process, stdin as Socket | null, stdout as Socket | null]) handle?.unref()
  }

  #endWhenUnused(): void {
    clearTimeout(this.#idle)
    if (this.#children.count > 0 || this.#holders > 0) return
    this.#idle = setTimeout(() => void this.endIfUnused(), idleTime)
    this.#idle.unref()
  }

  #take(answer: Answer): void {
    switch (answer.kind) {
      case 'ready':
        this.#ready(answer.pid)
        break
      case 'unfit':
        this.#gone(answer.reason, { isFinal: true })
        break
      case 'forked':
        this.#children.forked(answer.id, answer.pid)
        break
      case 'failed':
        // Each further child would fail, too.
        this.#children.failed(answer.id, answer.reason)
        this.#gone(answer.reason)
        this.end()
        break
      case 'ended':
        this.#children.ended(answer.pid, answer.exit)
        this.#endWhenUnused()
        break
    }
  }

  #ready(pid: number): void {
    if (this.#state.state !== 'starting') return
    // A wrapper would stand between this process and the servers' parent.
    if (pid !== this.pid) {
      this.#gone(`${this.#process.spawnfile} runs Tarantool in another process`, { isFinal: true })
      this.end()
      return
    }
    this.#state = { state: 'ready' }
    this.#onSettled()
  }

  // The first reason explains the others.
  #gone(reason: string, { isFinal = false }: { isFinal?: boolean } = {}): void {
    if (this.#state.state !== 'gone') this.#state = { state: 'gone', reason, isFinal }
    this.#onSettled()
    this.#children.orphan(this.#state.reason)
  }

  async #readyWithin(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, milliseconds)
    })
    await Promise.race([this.#settled, late])
    clearTimeout(timer)
    if (this.#state.state === 'starting') throw new NotForkedError('the zygote is not ready yet')
    if (this.#state.state === 'gone') throw new NotForkedError(this.#state.reason)
  }

  async #forkWith(order: ForkOrder, logStart: number): Promise<ForkedProcess> {
    const { id, fork } = this.#children.order()
    const timer = setTimeout(() => this.end(), patience.fork)
    const connected = this.#rendezvous.connected(id)
    try {
      const forked = Promise.all([fork.pid, connected])
      this.#process.stdin?.write(orderLine(id, order, this.#env, this.#rendezvous.path))
      const [pid, connections] = await Promise.race([forked, fork.failed])
      const told = this.#children.connected(pid)
      // Only now does the child run anything. A child that is given up ends before that.
      connections.lifeline.write(goOn)
      return new ForkedProcess({ pid, logStart, ...connections, told, hold: () => this.hold() })
    } catch (error) {
      this.#rendezvous.forget(id)
      // A child may have connected, and its zygote may have ended before it told the child's PID.
      void connected.then(closeBoth)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}
