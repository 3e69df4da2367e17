import { afterTime } from '../../deadline.ts'
import { StartAbortedError, type TarantoolFixtureError } from '../../errors.ts'
import { LogFollower } from '../../log/follower.ts'
import { tailOf } from '../../log/tail.ts'
import type { ServerDetails } from '../failure/details.ts'
import { errorOfOwnEnd } from '../failure/exit-failure.ts'
import { errorOfSource, saysNeverToReplicate, waitsForSource } from '../failure/replication-failure.ts'
import { errorOfAbort, errorOfTimeout, errorOfWait } from '../failure/unfinished-start.ts'
import type { TarantoolProcess } from '../process.ts'
import type { AbortReason } from './launch.ts'
import type { ReadyReport } from './report.ts'
import type { Starter } from './starter.ts'

/** The inputs of a start, and the callbacks for its end. */
export interface AttemptSpec {
  readonly starter: Starter
  readonly recreate: boolean
  readonly replicationSource: string | readonly string[] | undefined
  /** The facts about the server for errors. */
  readonly details: (logStart?: number) => ServerDetails
  /** Called with the process. If a start needs several processes, called with each. */
  readonly onProcess: (process: TarantoolProcess) => void
  /** Called before `ready` resolves. */
  readonly onReady: (report: ReadyReport) => void
  /** Called before `ready` rejects. */
  readonly onFailed: (error: TarantoolFixtureError) => void
}

/** One start of an instance that is under way, and the reasons for which it can be ended. */
export class StartAttempt {
  /** Resolves when the process runs. */
  readonly spawned: Promise<void>
  /** Resolves when the server is ready and the start has finished its other work. */
  readonly ready: Promise<void>
  readonly #spec: AttemptSpec
  readonly #abort = new AbortController()
  #process: TarantoolProcess | undefined

  constructor(spec: AttemptSpec) {
    this.#spec = spec
    let onSpawned = (): void => {}
    const running = new Promise<void>(resolve => {
      onSpawned = resolve
    })
    this.ready = this.#bringUp(onSpawned).then(spec.onReady, (error: TarantoolFixtureError) => {
      spec.onFailed(error)
      throw error
    })
    // With wait: false nobody may be listening yet; ready() reports the failure later.
    this.spawned = Promise.race([running, this.ready])
    this.spawned.catch(() => {})
  }

  /** Waits until the server is ready. Ends the start after a time in milliseconds. @throws StartTimeoutError */
  async readyWithin(timeout: number): Promise<void> {
    const late: AbortReason = details => errorOfTimeout(details, timeout, this.#waitsFor(), this.#spec.starter.seedNote)
    const callOff = afterTime(timeout, () => this.#abort.abort(late))
    try {
      await this.ready
    } finally {
      callOff()
    }
  }

  /** Waits until the server is ready. After a time in milliseconds, the start goes on. @throws StartTimeoutError */
  async waitFor(timeout: number): Promise<void> {
    let callOff = (): void => {}
    const late = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(errorOfWait(this.#details(), timeout, this.#waitsFor()))
      callOff = afterTime(timeout, giveUp)
    })
    try {
      await Promise.race([this.ready, late])
    } finally {
      callOff()
    }
  }

  /** Ends the start. Resolves to the failure of a start that failed by itself before. */
  async callOff(): Promise<TarantoolFixtureError | undefined> {
    this.#abort.abort(errorOfAbort satisfies AbortReason)
    return await this.ready.then(
      () => undefined,
      (error: TarantoolFixtureError) => (error instanceof StartAbortedError ? undefined : error),
    )
  }

  /** The process of this start: undefined until it is spawned. If a start needs several processes, the last one. */
  get process(): TarantoolProcess | undefined {
    return this.#process
  }

  async #bringUp(onSpawned: () => void): Promise<ReadyReport> {
    const { starter, recreate, replicationSource } = this.#spec
    const { signal } = this.#abort
    let watch: LogFollower | undefined
    const onProcess = (process: TarantoolProcess): void => {
      this.#process = process
      this.#spec.onProcess(process)
      watch?.stop()
      if (replicationSource !== undefined) watch = this.#watchSource(process)
      onSpawned()
    }
    try {
      const report = await starter.start({ recreate, replicationSource, signal, onProcess })
      const exit = this.#process?.exit
      // A start goes on after the server's report: it may keep a template of the data. The server can exit meanwhile.
      if (exit) throw errorOfOwnEnd(exit, 'right after it was ready', this.#details())
      if (signal.reason === errorOfAbort) throw errorOfAbort(this.#details())
      return report
    } finally {
      watch?.stop()
    }
  }

  /** Ends the start as soon as the log says that waiting is useless. */
  #watchSource({ log, logStart }: TarantoolProcess): LogFollower {
    const watch = new LogFollower(log.path, logStart, line => {
      if (saysNeverToReplicate(line)) this.#abort.abort(errorOfSource satisfies AbortReason)
    })
    watch.start()
    return watch
  }

  #details(): ServerDetails {
    return this.#spec.details(this.#process?.logStart)
  }

  #waitsFor(): string {
    const { replicationSource } = this.#spec
    if (replicationSource === undefined || !this.#process) return ''
    return waitsForSource(tailOf(this.#process.log.path, this.#process.logStart), replicationSource)
  }
}
