import type { ResolvedOptions } from '../config/resolve.ts'
import { NotRunningError, StartAbortedError, StartTimeoutError, type TarantoolFixtureError } from '../errors.ts'
import { guarded, LogFollower } from '../log/follower.ts'
import { tailOf } from '../log/tail.ts'
import { readSeed } from '../seed/seed-task.ts'
import type { Version } from '../version/version.ts'
import type { ServerDetails } from './failure/details.ts'
import { errorOfOwnEnd } from './failure/exit-failure.ts'
import { errorOfSource, saysNeverToReplicate, waitsForSource } from './failure/replication-failure.ts'
import { whyKilled, whySlow } from './failure/slow-stop.ts'
import { toUri } from './place/addresses.ts'
import type { Workspace } from './place/workspace.ts'
import type { TarantoolProcess } from './process.ts'
import type { AbortReason } from './start/launch.ts'
import type { ReadyReport } from './start/report.ts'
import { tellOnce } from './start/seed-terms.ts'
import { Starter } from './start/starter.ts'

/**
 * Where an instance is in its life. `failed`: a start went wrong, or the server ended without being asked to; it can be
 * started again.
 */
export type InstanceState = 'new' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

/** One start that is under way. */
interface Start {
  /** Resolves when the process runs. */
  readonly spawned: Promise<void>
  /** Resolves when the server is ready and the start has finished its other work. */
  readonly ready: Promise<void>
  readonly abort: AbortController
}

/**
 * The state, with the data that only this state has. The server's process exists in `starting`, `running` and `stopping`
 * only. Its exit ends the start in `starting`, is a failure in `running`, and is expected in `stopping`.
 */
type Life =
  | { readonly state: 'new' | 'stopped' }
  | { readonly state: 'starting'; readonly start: Start }
  | { readonly state: 'running'; readonly report: ReadyReport }
  | { readonly state: 'stopping'; readonly ended: Promise<void> }
  | { readonly state: 'failed'; readonly failure: TarantoolFixtureError }

/** Starts and ends the processes of one instance, one at a time. */
export class Lifecycle {
  readonly #options: ResolvedOptions
  readonly #workspace: Workspace
  readonly #starter: Starter
  #life: Life = { state: 'new' }
  /** How many stops were asked for: a start that waits while one more comes is not to be made any more. */
  #stops = 0
  #process: TarantoolProcess | undefined
  #follower: LogFollower | undefined
  #markedFailed = false
  replicationSource: string | readonly string[] | undefined
  /** Called when a server is about to be stopped: Tarantool waits for clients that stay. */
  onStopping: () => void = () => {}

  constructor(options: ResolvedOptions, workspace: Workspace) {
    this.#options = options
    this.#workspace = workspace
    this.replicationSource = options.replicationSource
    this.#starter = new Starter(options, workspace, logStart => this.details(logStart))
  }

  get state(): InstanceState {
    return this.#life.state
  }

  /** The running process, or the last one. */
  get process(): TarantoolProcess | undefined {
    return this.#process
  }

  /** What the running server said of itself. */
  get report(): ReadyReport | undefined {
    return this.#life.state === 'running' ? this.#life.report : undefined
  }

  get fingerprint(): string {
    const address = toUri(this.#options.host, this.#workspace.addresses?.port ?? this.#options.port ?? '?')
    const { versionInName } = this.#options
    const name = versionInName === undefined ? 'Tarantool' : `Tarantool ${versionInName}`
    return `${this.#workspace.standby ? 'spare ' : ''}${name}[${address}]`
  }

  /** Why it does not run, when that was nobody's wish. */
  get failure(): TarantoolFixtureError | undefined {
    return this.#life.state === 'failed' ? this.#life.failure : undefined
  }

  /** What every error of this instance says about it. */
  details(logStart = 0): ServerDetails {
    const { log } = this.#workspace
    const stays = this.#options.keep !== 'never' || this.state === 'running'
    return { instance: this.fingerprint, logTail: tailOf(log.path, logStart), logFile: stays ? log.path : undefined }
  }

  /** @throws NotRunningError when the server runs, or is on its way up or down */
  mustNotRun(method: string): void {
    if (this.#isAtRest) return
    throw new NotRunningError(
      `${this.fingerprint} is ${this.state}: ${method}() is for an instance that does not run`,
      { hint: 'stop() ends it, and cleans up by itself.' },
    )
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
    // Without a stop to wait for, the start is under way when this returns, for a stop that follows at once to see.
    while (this.#life.state === 'stopping') {
      await this.#life.ended
      if (this.#stops !== stops) throw this.#aborted(this.details())
    }
    if (this.#life.state === 'running') return
    const start = this.#life.state === 'starting' ? this.#life.start : this.#begin(recreate)
    // An installation of Tarantool is not on the server's time.
    await start.spawned
    if (!wait) return
    const timer = setTimeout(() => start.abort.abort(this.#timedOut), this.#options.timeout)
    try {
      await start.ready
    } finally {
      clearTimeout(timer)
    }
  }

  async ready(timeout: number): Promise<void> {
    const life = this.#life
    if (life.state === 'running') return
    if (life.state === 'failed') throw life.failure
    if (life.state !== 'starting') {
      throw new NotRunningError(`${this.fingerprint} is ${life.state}, and no start is under way`)
    }
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const giveUp = (): void =>
        reject(
          new StartTimeoutError(
            `${this.fingerprint} is not ready after ${timeout} ms${this.#whatItWaitsFor()}`,
            this.details(this.#process?.logStart),
          ),
        )
      timer = setTimeout(giveUp, timeout)
    })
    try {
      await Promise.race([life.start.ready, late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends whatever runs, and starts that wait; calls at the same time share one end, and SIGKILL hurries it. */
  async end(signal: 'SIGTERM' | 'SIGKILL', cleanup: boolean): Promise<void> {
    this.#stops++
    await this.#endShared(signal)
    // A start can be waiting for the end of the last server.
    if (cleanup && this.#isAtRest) this.clean()
  }

  async restart(recreate: boolean): Promise<void> {
    // A stop that comes while the old server ends calls off the new one.
    const stops = this.#stops
    await this.#endShared('SIGTERM')
    if (this.#stops !== stops) throw this.#aborted(this.details())
    await this.start(true, recreate)
  }

  /** Removes what is on disk, as `keep` says. */
  clean(failed: boolean = this.state === 'failed'): void {
    this.#workspace.remove({ failed: this.#markedFailed || failed })
  }

  /** Makes the directory count as one of a failure, whatever happens from here on. */
  markFailed(): void {
    this.#markedFailed = true
  }

  /** Waits until the process that runs has ended. */
  async ended(): Promise<void> {
    if (this.#life.state === 'starting') await this.#life.start.spawned.catch(() => {})
    await this.#process?.wait()
  }

  get #isAtRest(): boolean {
    const { state } = this.#life
    return state === 'new' || state === 'stopped' || state === 'failed'
  }

  #begin(recreate: boolean): Start {
    const abort = new AbortController()
    let onSpawned = (): void => {}
    const running = new Promise<void>(resolve => {
      onSpawned = resolve
    })
    const ready = this.#bringUp(abort, recreate, onSpawned).then(
      report => this.#settle(start, { state: 'running', report }),
      (error: TarantoolFixtureError) => {
        const isFailure = !(error instanceof StartAbortedError)
        this.#settle(start, isFailure ? { state: 'failed', failure: error } : { state: 'stopped' })
        if (isFailure) this.#cleanAfter(error)
        throw error
      },
    )
    // With wait: false nobody may be listening yet; ready() reports the failure later.
    const spawned = Promise.race([running, ready])
    spawned.catch(() => {})
    const start: Start = { spawned, ready, abort }
    this.#life = { state: 'starting', start }
    return start
  }

  // If a stop has called off this start meanwhile, the stop sets the state.
  #settle(start: Start, life: Life): void {
    if (this.#life.state === 'starting' && this.#life.start === start) this.#life = life
  }

  async #bringUp(abort: AbortController, recreate: boolean, onSpawned: () => void): Promise<ReadyReport> {
    const { replicationSource } = this
    let watch: LogFollower | undefined
    const onProcess = (process: TarantoolProcess): void => {
      this.#process = process
      this.#followLog(process)
      watch?.stop()
      if (replicationSource !== undefined) {
        watch = new LogFollower(process.log.path, process.logStart, line => {
          if (saysNeverToReplicate(line)) abort.abort(errorOfSource satisfies AbortReason)
        })
        watch.start()
      }
      void process.exited.then(() => this.#onExit(process))
      onSpawned()
    }
    try {
      const report = await this.#starter.start({ recreate, replicationSource, signal: abort.signal, onProcess })
      const process = this.#process
      // A start goes on after the server's report: it may keep a template of the data. The server can exit meanwhile.
      if (process?.exit) throw errorOfOwnEnd(process.exit, 'right after it was ready', this.details(process.logStart))
      if (abort.signal.reason === this.#aborted) throw this.#aborted(this.details(process?.logStart))
      return report
    } finally {
      watch?.stop()
    }
  }

  #followLog(process: TarantoolProcess): void {
    this.#follower?.drain()
    this.#follower = undefined
    const { logger } = this.#options
    if (!logger) return
    this.#follower = new LogFollower(process.log.path, process.logStart, guarded(logger))
    this.#follower.start()
  }

  // During a start or a stop, that start or stop reports the exit.
  #onExit(process: TarantoolProcess): void {
    if (process !== this.#process) return
    this.#follower?.drain()
    if (this.#life.state !== 'running' || !process.exit) return
    this.#workspace.removeSockets()
    this.#life = { state: 'failed', failure: errorOfOwnEnd(process.exit, '', this.details()) }
  }

  async #endShared(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const life = this.#life
    if (life.state === 'stopping') {
      if (signal === 'SIGKILL') this.#process?.kill()
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
      this.#life = { state: 'stopping', ended }
      await ended
    }
  }

  /** Ends the server. Resolves to the failure of a start that failed before the stop could call it off. */
  async #end(signal: 'SIGTERM' | 'SIGKILL', start: Start | undefined): Promise<TarantoolFixtureError | undefined> {
    start?.abort.abort(this.#aborted)
    const failure = await start?.ready.then(
      () => undefined,
      (error: TarantoolFixtureError) => (error instanceof StartAbortedError ? undefined : error),
    )
    const process = this.#process
    if (process && !process.exit) {
      this.onStopping()
      if (signal === 'SIGKILL') process.kill()
      const { signal: endedBy } = await process.stop(this.#options.stopTimeout)
      if (signal === 'SIGTERM') this.#tellOfSlowStop(process, endedBy === 'SIGKILL')
      this.#workspace.removeSockets()
    }
    this.#follower?.drain()
    return failure
  }

  // Each stop costs that time, and users would not find out why otherwise.
  #tellOfSlowStop(process: TarantoolProcess, wasKilled: boolean): void {
    const { stopTimeout, logger } = this.#options
    const tell = (text: string): void => tellOnce(`${this.fingerprint} ${text}`, logger, text)
    if (wasKilled) {
      tell(`did not end within ${stopTimeout} ms (stopTimeout) of SIGTERM, and was killed: ${whyKilled}`)
      return
    }
    const why = whySlow(tailOf(process.log.path, process.logStart, 10))
    if (why !== undefined) tell(`took the whole time that Tarantool has for a shutdown: ${why}`)
  }

  // The first error is the one to tell.
  #cleanAfter(error: TarantoolFixtureError): void {
    try {
      this.clean(true)
    } catch (cause) {
      error.cause ??= cause
    }
  }

  readonly #aborted: AbortReason = context =>
    new StartAbortedError(`the start of ${context.instance} was aborted by a stop`, context)

  readonly #timedOut: AbortReason = context =>
    new StartTimeoutError(
      `${context.instance} was not ready within ${this.#options.timeout} ms${this.#whatItWaitsFor()}`,
      {
        ...context,
        hint: ['The log says how far it came; the option timeout gives it longer.', this.#starter.seedNote]
          .join(' ')
          .trim(),
      },
    )

  #whatItWaitsFor(): string {
    const process = this.#process
    if (this.replicationSource === undefined || !process) return ''
    return waitsForSource(tailOf(process.log.path, process.logStart), this.replicationSource)
  }
}
