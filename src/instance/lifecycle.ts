import { existsSync } from 'node:fs'
import type { ResolvedOptions } from '../config/resolve.ts'
import { StartAbortedError, type TarantoolFixtureError } from '../errors.ts'
import { LoggerFeed } from '../log/logger-feed.ts'
import { tailOf } from '../log/tail.ts'
import { readSeed } from '../seed/seed-task.ts'
import { isTraced, stopwatch, trace } from '../trace.ts'
import type { Version } from '../version/version.ts'
import { wallClock } from '../wall-clock.ts'
import { fingerprintOf, type ServerDetails } from './failure/details.ts'
import { errorOfOwnEnd } from './failure/exit-failure.ts'
import { noStart, runsAlready } from './failure/not-running.ts'
import { tellOfSlowStop } from './failure/slow-stop.ts'
import { errorOfAbort } from './failure/unfinished-start.ts'
import { Artifacts } from './kept/artifacts.ts'
import type { Workspace } from './place/workspace.ts'
import type { TarantoolProcess } from './process.ts'
import { StartAttempt } from './start/attempt.ts'
import { observeStart } from './start/observed-start.ts'
import type { ReadyReport } from './start/report.ts'
import { Starter } from './start/starter.ts'

/**
 * The state of an instance. `failed`: a start failed, or the server ended without a request to end. A failed instance
 * can be started again.
 */
export type InstanceState = 'new' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

/**
 * The state, with the data that only this state has. The server's process exists in `starting`, `running` and `stopping`
 * only. Its exit ends the start in `starting`, is a failure in `running`, and is expected in `stopping`.
 */
type Life =
  | { readonly state: 'new' | 'stopped' }
  | { readonly state: 'starting'; readonly start: StartAttempt }
  | { readonly state: 'running'; readonly report: ReadyReport }
  /** `isKilled`: somebody has asked for SIGKILL. */
  | { readonly state: 'stopping'; readonly ended: Promise<void>; readonly isKilled: boolean }
  | { readonly state: 'failed'; readonly failure: TarantoolFixtureError }

/** Starts and ends the processes of one instance, one at a time. */
export class Lifecycle {
  readonly #options: ResolvedOptions
  readonly #workspace: Workspace
  readonly #starter: Starter
  #life: Life = { state: 'new' }
  /** The number of stops so far. A start that still waits gives up if another stop comes. */
  #stops = 0
  #process: TarantoolProcess | undefined
  readonly #feed: LoggerFeed
  readonly #artifacts: Artifacts
  replicationSource: string | readonly string[] | undefined
  /** Called before a server is stopped, because Tarantool waits for clients that stay. */
  onStopping: () => void = () => {}
  /** Called when the files of the server are removed. */
  onCleaned: () => void = () => {}

  constructor(options: ResolvedOptions, workspace: Workspace) {
    this.#options = options
    this.#workspace = workspace
    this.#feed = new LoggerFeed(options.logger)
    this.#artifacts = new Artifacts(options, () => workspace.directory)
    this.replicationSource = options.replicationSource
    this.#starter = new Starter(options, workspace, {
      details: logStart => this.details(logStart),
      trace: step => this.#trace(step),
    })
  }

  get state(): InstanceState {
    return this.#life.state
  }

  /** The running process, or the last one. */
  get process(): TarantoolProcess | undefined {
    return this.#process
  }

  /** The process that writes the log: undefined while a start has none yet, because the last process writes no more. */
  get logWriter(): TarantoolProcess | undefined {
    return this.#life.state === 'starting' ? this.#life.start.process : this.#process
  }

  /** The process that writes the log after one that has ended: a start that lost its port begins another one. */
  async writerAfter(process: TarantoolProcess): Promise<TarantoolProcess | undefined> {
    if (this.#life.state === 'starting') await this.#life.start.ready.catch(() => {})
    const last = this.#process
    return last === process || last?.exit ? undefined : last
  }

  /** The report of the running server. */
  get report(): ReadyReport | undefined {
    return this.#life.state === 'running' ? this.#life.report : undefined
  }

  get name(): string {
    const { configMode, replicaMode } = this.#options
    return (configMode ?? replicaMode)?.name ?? 'default'
  }

  get fingerprint(): string {
    const { addresses, standby } = this.#workspace
    return fingerprintOf(this.#options, addresses?.port, standby !== undefined)
  }

  /** The reason why the server does not run, if nobody asked it to end. */
  get failure(): TarantoolFixtureError | undefined {
    return this.#life.state === 'failed' ? this.#life.failure : undefined
  }

  /** The facts about the instance that each of its errors contains. */
  details(logStart = 0): ServerDetails {
    const { log } = this.#workspace
    const stays = this.#options.keep !== 'never' || this.state === 'running'
    return { instance: this.fingerprint, logTail: tailOf(log.path, logStart), logFile: stays ? log.path : undefined }
  }

  /** @throws NotRunningError if the server runs, starts or stops */
  mustNotRun(method: string): void {
    if (this.#isAtRest) return
    throw runsAlready(this.fingerprint, this.state, method)
  }

  async version(): Promise<Version> {
    return await this.#starter.version()
  }

  async prepare(recreate: boolean): Promise<void> {
    this.mustNotRun('prepare')
    const [task] = await Promise.all([readSeed(this.#options), this.#workspace.chooseAddresses()])
    this.mustNotRun('prepare')
    this.#starter.addressIsKnown = true
    this.#workspace.write(this.replicationSource, recreate, { task })
  }

  async start(wait: boolean, recreate: boolean): Promise<void> {
    const stops = this.#stops
    // Without a stop to wait for, the start is under way when this returns. A stop that follows at once sees the start.
    while (this.#life.state === 'stopping') {
      await this.#life.ended
      if (this.#stops !== stops) throw errorOfAbort(this.details())
    }
    if (this.#life.state === 'running') return
    const start = this.#life.state === 'starting' ? this.#life.start : this.#begin(recreate)
    // An installation of Tarantool does not count towards the server's start timeout.
    await start.spawned
    if (wait) await start.readyWithin(this.#options.timeout)
  }

  async ready(timeout: number): Promise<void> {
    const life = this.#life
    if (life.state === 'running') return
    if (life.state === 'failed') throw life.failure
    if (life.state !== 'starting') throw noStart(this.fingerprint, life.state)
    await life.start.waitFor(timeout)
  }

  /** Ends the server, and starts that wait. Calls at the same time share one end. SIGKILL ends a slow stop. */
  async end(signal: 'SIGTERM' | 'SIGKILL', cleanup: boolean): Promise<void> {
    this.#stops++
    await this.#endShared(signal)
    // A start may wait for the end of the previous server.
    if (cleanup && this.#isAtRest) this.clean()
  }

  async restart(recreate: boolean): Promise<void> {
    // A stop that comes while the old server ends cancels the new one.
    const stops = this.#stops
    await this.#endShared('SIGTERM')
    if (this.#stops !== stops) throw errorOfAbort(this.details())
    await this.start(true, recreate)
  }

  /** Removes the files on disk, unless `keep` says otherwise. */
  clean(failure: TarantoolFixtureError | undefined = this.failure): void {
    const { directory } = this.#workspace
    const isThere = isTraced() && existsSync(directory)
    this.#artifacts.remove(failure?.summary)
    this.onCleaned()
    if (isThere) this.#trace(`${existsSync(directory) ? 'keeps' : 'removed'} the directory ${directory}`)
  }

  /** Gives the option `logger` all lines that were written until now. */
  catchUpLog(): void {
    this.#feed.catchUp()
  }

  /** Marks the directory as the directory of a failure, whatever happens from here on. */
  markFailed(): void {
    this.#artifacts.markFailed()
  }

  /** Waits until the running process has ended. */
  async ended(): Promise<void> {
    if (this.#life.state === 'starting') await this.#life.start.spawned.catch(() => {})
    await this.#process?.wait()
  }

  /** Describes the directory, which stays, for somebody who opens it later. */
  noteKept(): void {
    this.#artifacts.note(this.failure?.summary)
  }

  get #isAtRest(): boolean {
    const { state } = this.#life
    return state === 'new' || state === 'stopped' || state === 'failed'
  }

  #begin(recreate: boolean): StartAttempt {
    const time = stopwatch()
    const observed = observeStart(this.#options.observer, this.#workspace.standby !== undefined)
    const start = new StartAttempt({
      starter: this.#starter,
      recreate,
      replicationSource: this.replicationSource,
      details: logStart => this.details(logStart),
      onProcess: process => {
        this.#process = process
        this.#trace(`${process.isForked ? 'forked' : 'spawned'} as process ${process.pid} after ${time()}`)
        this.#feed.follow(process.log.path, process.logStart)
        void process.exited.then(() => this.#onExit(process))
      },
      onReady: report => {
        this.#settle(start, { state: 'running', report })
        this.#artifacts.tarantool = report.version
        this.#trace(`ready after ${time()}`)
        observed({ instance: this.fingerprint, process: this.#process, report })
      },
      onFailed: error => {
        const isFailure = !(error instanceof StartAbortedError)
        this.#settle(start, isFailure ? { state: 'failed', failure: error } : { state: 'stopped' })
        this.#trace(`not started after ${time()}: ${error.summary}`)
        if (!isFailure) return
        this.#cleanAfter(error)
        observed({ instance: this.fingerprint, process: this.#process, error })
      },
    })
    this.#life = { state: 'starting', start }
    return start
  }

  // If a stop has cancelled this start meanwhile, the stop sets the state.
  #settle(start: StartAttempt, life: Life): void {
    if (this.#life.state === 'starting' && this.#life.start === start) this.#life = life
  }

  // During a start or a stop, that start or stop reports the exit.
  #onExit(process: TarantoolProcess): void {
    if (process !== this.#process) return
    this.#feed.drain()
    if (this.#life.state !== 'running' || !process.exit) return
    this.#workspace.removeSockets()
    this.#life = { state: 'failed', failure: errorOfOwnEnd(process.exit, '', this.details()) }
    this.#trace(`ended by itself, with ${process.exit.signal ?? `exit code ${process.exit.exitCode}`}`)
    this.#options.observer?.died({ instance: this.fingerprint, at: wallClock(), ...process.exit })
  }

  #trace(step: string): void {
    const { trace: tell = trace } = this.#options
    tell(`${this.fingerprint}: ${step}`)
  }

  async #endShared(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const life = this.#life
    if (life.state === 'stopping') {
      if (signal === 'SIGKILL') {
        this.#life = { ...life, isKilled: true }
        this.#process?.kill()
      }
      await life.ended
    } else if (life.state === 'starting' || life.state === 'running') {
      let next: Life = { state: 'stopped' }
      const ended = this.#end(signal, life.state === 'starting' ? life.start : undefined)
        .then(failure => {
          if (failure) next = { state: 'failed', failure }
        })
        .finally(() => {
          this.#life = next
        })
      this.#life = { state: 'stopping', ended, isKilled: signal === 'SIGKILL' }
      await ended
    }
  }

  get #isKilled(): boolean {
    return this.#life.state === 'stopping' && this.#life.isKilled
  }

  /** Ends the server. Resolves to the error of a start that failed before the stop could cancel it. */
  async #end(
    signal: 'SIGTERM' | 'SIGKILL',
    start: StartAttempt | undefined,
  ): Promise<TarantoolFixtureError | undefined> {
    const failure = await start?.callOff()
    const process = this.#process
    if (process && !process.exit) {
      this.onStopping()
      if (signal === 'SIGKILL') process.kill()
      const time = stopwatch()
      const exit = await process.stop(this.#options.stopTimeout)
      await this.#workspace.closeFront()
      if (!this.#isKilled) tellOfSlowStop(this.fingerprint, process, exit, this.#options)
      this.#workspace.removeSockets()
      this.#trace(`stopped by ${signal} in ${time()}`)
    }
    this.#feed.drain()
    return failure
  }

  // The first error is the one to report.
  #cleanAfter(error: TarantoolFixtureError): void {
    try {
      this.clean(error)
    } catch (cause) {
      error.cause ??= cause
    }
  }
}
