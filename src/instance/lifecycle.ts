import type { Version } from '../binary/version.ts'
import type { ResolvedOptions } from '../config/resolve.ts'
import {
  NotRunningError,
  ServerExitedError,
  StartAbortedError,
  StartTimeoutError,
  type TarantoolFixtureError,
} from '../errors.ts'
import { readSeed } from '../seed/seed-task.ts'
import { toUri } from './addresses.ts'
import { forgetPid } from './directory.ts'
import type { AbortReason } from './launch.ts'
import { tailOf } from './log.ts'
import { guarded, LogFollower } from './log-follower.ts'
import type { TarantoolProcess } from './process.ts'
import { errorOfSource, saysNeverToReplicate, waitsForSource } from './replication-failure.ts'
import type { ReadyReport } from './report.ts'
import { describeExit, type ServerDetails } from './start-failure.ts'
import { Starter } from './starter.ts'
import type { Workspace } from './workspace.ts'

/**
 * Where an instance is in its life. `failed`: a start went wrong, or the server ended without being asked to; it can be
 * started again.
 */
export type InstanceState = 'new' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

/** One start that is under way. */
interface Starting {
  /** Resolves when the process runs. */
  readonly spawned: Promise<void>
  /** Resolves when the server is ready. */
  readonly ready: Promise<void>
  readonly abort: AbortController
}

/** Starts and ends the processes of one instance, one at a time. */
export class Lifecycle {
  readonly #options: ResolvedOptions
  readonly #workspace: Workspace
  #state: InstanceState = 'new'
  #starting: Starting | undefined
  #stopping: Promise<void> | undefined
  /** How many stops were asked for: a start that waits while one more comes is not to be made any more. */
  #stops = 0
  #process: TarantoolProcess | undefined
  #report: ReadyReport | undefined
  #failure: TarantoolFixtureError | undefined
  #follower: LogFollower | undefined
  readonly #starter: Starter
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
    return this.#state
  }

  get process(): TarantoolProcess | undefined {
    return this.#process
  }

  /** What the running server said of itself. */
  get report(): ReadyReport | undefined {
    return this.#state === 'running' ? this.#report : undefined
  }

  get fingerprint(): string {
    const address = toUri(this.#options.host, this.#workspace.addresses?.port ?? this.#options.port ?? '?')
    return `${this.#workspace.standsBy ? 'spare ' : ''}Tarantool[${address}]`
  }

  /** Why it does not run, when that was nobody's wish. */
  get failure(): TarantoolFixtureError | undefined {
    return this.#state === 'failed' ? this.#failure : undefined
  }

  /** What every error of this instance says about it. */
  details(logStart = 0): ServerDetails {
    const { log } = this.#workspace
    const stays = this.#options.keep !== 'never' || this.#state === 'running'
    return { instance: this.fingerprint, logTail: tailOf(log.path, logStart), logFile: stays ? log.path : undefined }
  }

  /** @throws NotRunningError when the server runs, or is on its way up or down */
  mustNotRun(method: string): void {
    if (this.#starting || this.#stopping || (this.#process && !this.#process.exit)) {
      throw new NotRunningError(
        `${this.fingerprint} is ${this.#state}: ${method}() is for an instance that does not run`,
        { hint: 'stop() ends it, and cleans up by itself.' },
      )
    }
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
    while (this.#stopping) {
      await this.#stopping
      if (this.#stops !== stops) throw this.#aborted(this.details())
    }
    if (this.#state === 'running') return
    this.#starting ??= this.#beginStart(recreate)
    const starting = this.#starting
    // An installation of Tarantool is not on the server's time.
    await starting.spawned
    if (!wait) return
    const timer = setTimeout(() => starting.abort.abort(this.#timedOut), this.#options.timeout)
    try {
      await starting.ready
    } finally {
      clearTimeout(timer)
    }
  }

  async ready(timeout: number): Promise<void> {
    if (this.#state === 'running') return
    if (!this.#starting) {
      throw this.#failure ?? new NotRunningError(`${this.fingerprint} is ${this.#state}, and no start is under way`)
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
      await Promise.race([this.#starting.ready, late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends whatever runs, and starts that wait; calls at the same time share one end, and SIGKILL hurries it. */
  async end(signal: 'SIGTERM' | 'SIGKILL', cleanup: boolean): Promise<void> {
    this.#stops++
    await this.#endShared(signal)
    if (cleanup && this.#state !== 'running' && !this.#starting) this.clean()
  }

  async restart(recreate: boolean): Promise<void> {
    // A stop that comes while the old server ends calls off the new one.
    const stops = this.#stops
    await this.#endShared('SIGTERM')
    if (this.#stops !== stops) throw this.#aborted(this.details())
    await this.start(true, recreate)
  }

  async #endShared(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#stopping) {
      if (signal === 'SIGKILL') this.#process?.kill()
      await this.#stopping
    } else {
      this.#stopping = this.#end(signal).finally(() => {
        this.#stopping = undefined
      })
      await this.#stopping
    }
  }

  /** Removes what is on disk, as `keep` says. */
  clean(): void {
    this.#workspace.remove({ failed: this.#markedFailed || this.#state === 'failed' })
  }

  /** Makes the directory count as one of a failure, whatever happens from here on. */
  markFailed(): void {
    this.#markedFailed = true
  }

  /** Waits until the process that runs has ended. */
  async ended(): Promise<void> {
    await this.#starting?.spawned.catch(() => {})
    await this.#process?.wait()
  }

  #beginStart(recreate: boolean): Starting {
    const abort = new AbortController()
    this.#state = 'starting'
    this.#failure = undefined
    let onSpawned = (): void => {}
    const running = new Promise<void>(resolve => {
      onSpawned = resolve
    })
    const onProcess = (process: TarantoolProcess): void => {
      this.#process = process
      this.#followLog(process)
      if (this.replicationSource !== undefined) {
        watch?.stop()
        watch = new LogFollower(process.log.path, process.logStart, line => {
          if (saysNeverToReplicate(line)) abort.abort(errorOfSource satisfies AbortReason)
        })
        watch.start()
      }
      void process.exited.then(() => this.#onExit(process))
      onSpawned()
    }
    const { replicationSource } = this
    let watch: LogFollower | undefined
    const ready = this.#starter.start({ recreate, replicationSource, signal: abort.signal, onProcess }).then(
      report => {
        watch?.stop()
        this.#report = report
        this.#state = 'running'
        this.#starting = undefined
      },
      (error: TarantoolFixtureError) => {
        watch?.stop()
        this.#failure = error
        this.#follower?.drain()
        this.#state = error instanceof StartAbortedError ? 'stopped' : 'failed'
        this.#starting = undefined
        if (!(error instanceof StartAbortedError)) this.#cleanAfter(error)
        throw error
      },
    )
    // With wait: false nobody may be listening; ready() hands the failure out later.
    const spawned = Promise.race([running, ready])
    spawned.catch(() => {})
    return { spawned, ready, abort }
  }

  #followLog(process: TarantoolProcess): void {
    this.#follower?.drain()
    this.#follower = undefined
    const { logger } = this.#options
    if (!logger) return
    this.#follower = new LogFollower(process.log.path, process.logStart, guarded(logger))
    this.#follower.start()
  }

  #onExit(process: TarantoolProcess): void {
    if (process !== this.#process) return
    forgetPid(this.#workspace.directory)
    this.#follower?.drain()
    if (this.#state !== 'running') return
    this.#workspace.removeSockets()
    const { exit } = process
    this.#failure = new ServerExitedError(
      `${this.fingerprint} has ended by itself${exit ? `: ${describeExit(exit)}` : ''}`,
      { ...this.details(), exitCode: exit?.exitCode, signal: exit?.signal },
    )
    this.#state = 'failed'
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#starting) {
      const { ready, abort } = this.#starting
      abort.abort(this.#aborted)
      await ready.catch(() => {})
    }
    const process = this.#process
    if (process && !process.exit) {
      this.#state = 'stopping'
      this.onStopping()
      if (signal === 'SIGKILL') process.kill()
      await process.stop(this.#options.stopTimeout)
      this.#workspace.removeSockets()
    }
    this.#follower?.drain()
    if (this.#state !== 'new' && this.#state !== 'failed') this.#state = 'stopped'
  }

  // The first error is the one to tell.
  #cleanAfter(error: TarantoolFixtureError): void {
    try {
      this.clean()
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
