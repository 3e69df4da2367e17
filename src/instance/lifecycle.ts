import { type Binary, locateBinary } from '../binary/locate.ts'
import { binaryVersion, type Version } from '../binary/version.ts'
import type { ResolvedOptions } from '../config/resolve.ts'
import {
  type ErrorDetails,
  NotRunningError,
  PortTakenError,
  StartAbortedError,
  StartTimeoutError,
  type TarantoolFixtureError,
} from '../errors.ts'
import { recordPid } from './directory.ts'
import { serverEnvironment } from './environment.ts'
import { type Launch, launch } from './launch.ts'
import { tailOf } from './log.ts'
import { LogFollower } from './log-follower.ts'
import type { TarantoolProcess } from './process.ts'
import type { ReadyReport } from './report.ts'
import type { FailureContext } from './start-failure.ts'
import type { LineMap } from './template.ts'
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

type FailureOf = (context: FailureContext) => TarantoolFixtureError

// How often a port may be lost between its choice and the server's bind before it is called a fault.
const portAttempts = 5

/** Starts and ends the processes of one instance, one at a time. */
export class Lifecycle {
  readonly #options: ResolvedOptions
  readonly #workspace: Workspace
  #state: InstanceState = 'new'
  #starting: Starting | undefined
  #stopping: Promise<void> | undefined
  #process: TarantoolProcess | undefined
  #report: ReadyReport | undefined
  #failure: TarantoolFixtureError | undefined
  #follower: LogFollower | undefined
  /** Somebody may know the address: from then on it stays. */
  #addressIsKnown = false
  #markedFailed = false
  replicationSource: string | readonly string[] | undefined
  /** Called when a server is about to be stopped: Tarantool waits for clients that stay. */
  onStopping: () => void = () => {}

  constructor(options: ResolvedOptions, workspace: Workspace) {
    this.#options = options
    this.#workspace = workspace
    this.replicationSource = options.replicationSource
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
    return `Tarantool[${this.#options.host}:${this.#workspace.addresses?.port ?? this.#options.port ?? '?'}]`
  }

  /** What every error of this instance says about it. */
  details(): ErrorDetails & { instance: string; logTail: string[] } {
    const { log } = this.#workspace
    const stays = this.#options.keep !== 'never' || this.#state === 'running'
    return { instance: this.fingerprint, logTail: tailOf(log.path), logFile: stays ? log.path : undefined }
  }

  async locate(): Promise<Binary> {
    return await locateBinary({ ...(this.#options.commandToRun && { commandToRun: this.#options.commandToRun }) })
  }

  async version(): Promise<Version> {
    return await binaryVersion(await this.locate(), { commandArgs: this.#options.commandArgs })
  }

  async prepare(recreate: boolean): Promise<void> {
    if (this.#starting || this.#stopping || this.#state === 'running') {
      throw new NotRunningError(`${this.fingerprint} is ${this.#state}: prepare() is for an instance that does not run`)
    }
    await this.#workspace.chooseAddresses()
    this.#addressIsKnown = true
    this.#workspace.write(this.replicationSource, recreate)
  }

  async start(wait: boolean, recreate: boolean): Promise<void> {
    // Without a stop to wait for, the start is under way when this returns, for a stop that follows at once to see.
    while (this.#stopping) await this.#stopping
    if (this.#state === 'running') return
    this.#starting ??= this.#beginStart(recreate)
    const starting = this.#starting
    if (!wait) return await starting.spawned
    const timer = setTimeout(() => starting.abort.abort(this.#timedOut), this.#options.timeout)
    try {
      await starting.ready
    } finally {
      clearTimeout(timer)
    }
  }

  async ready(timeout: number): Promise<void> {
    if (this.#state === 'running') return
    if (!this.#starting) throw this.#failure ?? new NotRunningError(`${this.fingerprint} was not started`)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const giveUp = (): void =>
        reject(new StartTimeoutError(`${this.fingerprint} is not ready after ${timeout} ms`, this.details()))
      timer = setTimeout(giveUp, timeout)
    })
    try {
      await Promise.race([this.#starting.ready, late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends whatever runs; calls at the same time share one end, and SIGKILL hurries it. */
  async end(signal: 'SIGTERM' | 'SIGKILL', cleanup: boolean): Promise<void> {
    if (this.#stopping) {
      if (signal === 'SIGKILL') this.#process?.kill()
      await this.#stopping
    } else {
      this.#stopping = this.#end(signal).finally(() => {
        this.#stopping = undefined
      })
      await this.#stopping
    }
    if (cleanup && this.#state !== 'running' && !this.#starting) this.clean()
  }

  /** Removes what is on disk, as `keep` says. */
  clean(): void {
    this.#workspace.remove({ failed: this.#markedFailed || this.#failure !== undefined })
  }

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
    const ready = this.#start(recreate, abort.signal, onSpawned).then(
      report => {
        this.#report = report
        this.#state = 'running'
        this.#starting = undefined
      },
      (error: TarantoolFixtureError) => {
        this.#failure = error
        this.#follower?.drain()
        if (this.#process) this.#workspace.removeSockets(error instanceof PortTakenError ? error.address : undefined)
        this.#state = error instanceof StartAbortedError ? 'stopped' : 'failed'
        this.#starting = undefined
        if (!(error instanceof StartAbortedError)) this.clean()
        throw error
      },
    )
    // With wait: false nobody may be listening; ready() hands the failure out later.
    const spawned = Promise.race([running, ready])
    spawned.catch(() => {})
    return { spawned, ready, abort }
  }

  async #start(recreate: boolean, signal: AbortSignal, onSpawned: () => void): Promise<ReadyReport> {
    const [binary] = await Promise.all([this.#locateChecked(), this.#workspace.chooseAddresses()])
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) throw (signal.reason as FailureOf)(this.#failureContext(() => undefined))
      const launched = this.#launch(binary, recreate, signal)
      onSpawned()
      try {
        const report = await launched.ready
        this.#addressIsKnown = true
        return report
      } catch (error) {
        const lost = error instanceof PortTakenError && this.#workspace.hasFreePort && !this.#addressIsKnown
        if (!lost || attempt === portAttempts) throw error
        await this.#workspace.chooseAddresses({ anew: true })
      }
    }
  }

  // Asked at the first start of a binary, so that a program that is no Tarantool is never run with our script.
  async #locateChecked(): Promise<Binary> {
    const binary = await this.locate()
    await binaryVersion(binary, { commandArgs: this.#options.commandArgs })
    return binary
  }

  #launch(binary: Binary, recreate: boolean, signal: AbortSignal): Launch {
    const { directory, log } = this.#workspace
    const script = this.#workspace.write(this.replicationSource, recreate)
    const launched = launch({
      command: binary.path,
      args: [...this.#options.commandArgs, script.bootFile],
      cwd: directory,
      env: serverEnvironment(binary.env, this.#options.env),
      logFile: log.path,
      nonce: script.nonce,
      signal,
      context: () => this.#failureContext(script.lineMap),
    })
    this.#process = launched.process
    if (launched.process.pid) recordPid(directory, launched.process.pid)
    this.#followLog(launched.process)
    launched.process.onExit(() => this.#onExit(launched.process))
    return launched
  }

  #followLog(process: TarantoolProcess): void {
    this.#follower?.drain()
    this.#follower = undefined
    const { logger } = this.#options
    if (!logger) return
    const follower = new LogFollower(process.log.path, process.log.offset, logger)
    this.#follower = follower
    follower.start()
    process.onExit(() => follower.drain())
  }

  #onExit(process: TarantoolProcess): void {
    if (process !== this.#process || this.#state !== 'running') return
    this.#workspace.removeSockets()
    this.#state = 'failed'
    this.#failure = new NotRunningError(`${this.fingerprint} has ended by itself`, this.details())
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { fingerprint } = this
    if (this.#starting) {
      const { ready, abort } = this.#starting
      const aborted: FailureOf = context =>
        new StartAbortedError(`the start of ${fingerprint} was aborted by a stop`, context)
      abort.abort(aborted)
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

  readonly #timedOut: FailureOf = context =>
    new StartTimeoutError(`${context.instance} was not ready within ${this.#options.timeout} ms`, {
      ...context,
      hint: 'The log says how far it came; the option timeout gives it longer.',
    })

  #failureContext(lineMap: LineMap): FailureContext {
    const { addresses } = this.#workspace
    return { ...this.details(), listen: addresses?.listen ?? '?', console: addresses?.console.uri ?? '?', lineMap }
  }
}
