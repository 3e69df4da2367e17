import type { Isolation, ServerOptions } from '../config/fixture-config.ts'
import type { InstanceOptions } from '../config/options.ts'
import { NotRunningError } from '../errors.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { newDirectoryPath } from '../instance/place/directory.ts'
import type { Death } from '../isolation/server.ts'
import type { LeasedServerInfo } from './messages.ts'
import { infoOf } from './server-info.ts'
import { crashReport, ServerSignals } from './server-signals.ts'
import { ServerUse } from './server-use.ts'
import { Spare } from './spare.ts'

/** One server of a pool: an instance, and what its leases did with it. */
export class PooledServer {
  readonly name: string
  /** The worker slot that it was last leased to, or is meant for. */
  slot: number
  /** A lease has had it since it was last made fresh. */
  used = false
  readonly #options: ServerOptions
  readonly #baseDir: string
  #instance: TarantoolInstance
  readonly #spare: Spare
  readonly #signals = new ServerSignals()
  /** What its lease did with it. */
  readonly use: ServerUse = new ServerUse()
  #testFailed = false
  #destroyed = false
  /** Its changes are recorded, so that they can be undone. */
  #records: boolean
  /** How many processes it has had. */
  #generation = 0
  /** Its process began with an empty directory. */
  #beganEmpty = true
  #prestart: Promise<unknown> | undefined
  /** What is going on with it: each step waits for the one before. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(name: string, slot: number, options: ServerOptions, root: string, baseDir: string) {
    this.name = name
    this.slot = slot
    this.#options = {
      ...options,
      // A directory that may stay cannot be in one that goes with the run.
      root: options.root ?? (keeps(options) ? undefined : root),
      // A socket is the lease's, and may not go with the directory of one of its servers.
      port: options.port ?? (options.host === 'unix/' ? `${newDirectoryPath(root)}.sock` : undefined),
    }
    this.#baseDir = baseDir
    this.#records = options.recordChanges === true || this.isolation === 'reset' || this.isolation === 'file'
    this.#instance = this.#makeInstance()
    this.#spare = new Spare(() => this.#makeSuccessor(), mayStandBy(options))
  }

  get isolation(): Isolation {
    return this.#options.isolation ?? 'reset'
  }

  /** A start of it was begun, however it ended. */
  get isBegun(): boolean {
    return this.#generation > 0 || this.#prestart !== undefined
  }

  get instance(): TarantoolInstance {
    return this.#instance
  }

  /** Starts it in the background, so that a lease finds it ready. A failure is told to the lease. */
  prestart(): void {
    this.#prestart = this.#inTurn(async () => {
      await this.#startAgain({ recreate: true })
      if (this.isolation === 'process') this.#spare.prepare()
    })
    this.#prestart.catch(() => {})
  }

  /** Makes it run: as it is if it runs, resumed if it is paused, else started with an empty directory. */
  async ensure(): Promise<LeasedServerInfo> {
    const prestart = this.#prestart
    this.#prestart = undefined
    await prestart
    return await this.#inTurn(async () => {
      await this.#awaitDeath()
      if (this.#signals.paused) this.#signals.send(this.#instance, 'SIGCONT')
      if (!this.#instance.isRunning) await this.#startFresh()
      if (this.isolation === 'process') this.#spare.prepare()
      return this.info()
    })
  }

  async start(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      await this.#awaitDeath()
      if (this.#instance.isRunning) return this.info()
      if (recreate) await this.#startFresh()
      else await this.#startAgain()
      return this.info()
    })
  }

  /** Stops it and starts it again. `record`: from here on it records what changes. */
  async restart(recreate: boolean, record = false): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      await this.#restart(recreate, record)
      return this.info()
    })
  }

  /** Gives it a new process: the spare, or where there is none, one that is started now. Keeps a spare from then on. */
  async renew(): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      await this.#renew()
      return this.info()
    })
  }

  /** While the next file is loaded there is time for what it would have to wait for. */
  leaseEnded(): void {
    this.used = true
    const { isolation } = this
    const step = async (): Promise<void> => {
      // A spare that the file had asked for itself goes with it.
      if (isolation !== 'process') await this.#spare.discard()
      if (isolation !== 'process' && isolation !== 'restart') return
      if (!(await this.use.isTouched(this.#instance))) this.used = false
      else if (isolation === 'process') await this.#renew()
      else await this.#restart(true)
    }
    this.#inTurn(step).catch(() => {})
  }

  /** Stops the process; directory and address stay, for a start. */
  async stop(): Promise<void> {
    await this.#inTurn(() => this.#stop())
  }

  /** Sends a signal; returns when SIGKILL has had its effect. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#inTurn(async () => {
      if (signal === 'SIGKILL') await this.#instance.kill({ cleanup: false })
      else this.#signals.send(this.#instance, signal)
    })
  }

  /** A test that had it failed: with `keep: 'on-failure'` its directory stays. */
  testFailed(): void {
    this.#testFailed = true
    this.#instance.markFailed()
  }

  /** Ends it for good; steps that wait for their turn fail. */
  async destroy(): Promise<void> {
    this.#destroyed = true
    // At once, since it ends a start that is under way; and again, since a step may have been between stop and start.
    this.#spare.close().catch(() => {})
    await this.#instance.stop()
    await this.#last
    await this.#instance.stop()
    await this.#spare.close()
  }

  info(): LeasedServerInfo {
    return {
      ...infoOf(this.#instance),
      name: this.name,
      isolation: this.isolation,
      strict: this.#options.strict ?? false,
      records: this.#records,
      generation: this.#generation,
      beganEmpty: this.#beganEmpty,
      used: this.used,
      keepsOnFailure: this.#options.keep === 'on-failure',
    }
  }

  async crashReport(): Promise<Death | null> {
    return await crashReport(this.#instance)
  }

  async #restart(recreate: boolean, record = false): Promise<void> {
    await this.#stop()
    if (record && !this.#records) await this.#beginToRecord()
    if (recreate) await this.#startFresh()
    else await this.#startAgain()
  }

  async #renew(): Promise<void> {
    try {
      const isKept = this.#options.keep === 'on-failure' ? this.#testFailed : keeps(this.#options)
      const successor = await this.#spare.replace(this.#instance, { orderly: isKept })
      if (successor) this.#succeed(successor)
      else {
        await this.#stop()
        await this.#startFresh()
      }
    } finally {
      this.#spare.prepare()
    }
  }

  #makeInstance(more: InstanceOptions = {}): TarantoolInstance {
    const { isolation: _isolation, strict: _strict, ...options } = this.#options
    return new TarantoolInstance({ ...options, recordChanges: this.#records, ...more }, this.#baseDir)
  }

  async #stop(): Promise<void> {
    this.#signals.forget()
    await this.#instance.stop({ cleanup: false })
  }

  /** Waits for a server to end that a test has sent such a signal, for `stopTimeout` at most. */
  async #awaitDeath(): Promise<void> {
    if (this.#signals.doomed) await this.#stop()
  }

  async #startFresh(): Promise<void> {
    if (this.#testFailed) await this.#replaceInstance()
    await this.#startAgain({ recreate: true })
    this.used = false
  }

  async #startAgain({ recreate = false } = {}): Promise<void> {
    this.#checkNotDestroyed()
    this.#signals.forget()
    this.#generation++
    this.#beganEmpty = recreate
    await this.#instance.start({ recreate })
  }

  // A start with an empty directory would take away what is kept of the failed test.
  async #replaceInstance(): Promise<void> {
    this.#testFailed = false
    if (this.#options.keep !== 'on-failure') return
    const successor = this.#makeSuccessor()
    await this.#instance.stop()
    this.#instance = successor
  }

  /** An instance of its own directory, with the address that the lease has. */
  #makeSuccessor(): TarantoolInstance {
    const { port, credentials, consoleHost, consolePort } = this.#instance
    return this.#makeInstance({ port, credentials, ...(consoleHost !== 'unix/' && { consolePort }) })
  }

  #succeed(successor: TarantoolInstance): void {
    this.#instance = successor
    this.#generation++
    this.#beganEmpty = true
    this.#signals.forget()
    this.#testFailed = false
    this.used = false
  }

  // What an instance records is settled when it is made.
  async #beginToRecord(): Promise<void> {
    this.#records = true
    const successor = this.#makeSuccessor()
    await this.#spare.discard()
    await this.#instance.stop()
    this.#instance = successor
  }

  #checkNotDestroyed(): void {
    if (this.#destroyed) throw new NotRunningError(`${this.#instance.fingerprint} was ended with the test run`)
  }

  async #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const checked = async (): Promise<Result> => {
      this.#checkNotDestroyed()
      return await step()
    }
    const result = this.#last.then(checked, checked)
    this.#last = result.catch(() => {})
    return await result
  }
}

// The engine publishes a port with the container, from its start on: there cannot be two of them.
const mayStandBy = ({ docker, host }: ServerOptions): boolean => docker === undefined || host === 'unix/'

const keeps = ({ keep, cleanup }: ServerOptions): boolean =>
  keep === 'on-failure' || keep === 'always' || cleanup === false
