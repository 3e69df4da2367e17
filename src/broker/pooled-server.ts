import type { Isolation, ServerOptions } from '../config/fixture-config.ts'
import type { InstanceOptions } from '../config/options.ts'
import { NotRunningError } from '../errors.ts'
import { newDirectoryPath } from '../instance/directory.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { refusesConnections } from '../protocol/refuses-connections.ts'
import type { CrashReport, LeasedServerInfo } from './messages.ts'
import { Spare } from './spare.ts'

// Signals after which a server goes on. Tarantool makes a snapshot on SIGUSR1 and reopens its log on SIGHUP.
const harmless: ReadonlySet<string> = new Set(['SIGSTOP', 'SIGTSTP', 'SIGCONT', 'SIGUSR1', 'SIGHUP', 'SIGWINCH'])

// In milliseconds: how long an end may take to be heard of, and how long a server may take that shuts down in order (3 s,
// `box.ctl.set_on_shutdown_timeout`).
const seenWithin = 1000
const shutdownTime = 5000

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
  #paused = false
  /** A test sent it a signal of which it is likely to end, soon or late. */
  #doomed = false
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
      if (this.#paused) this.#signal('SIGCONT')
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
      await this.#stop()
      if (record && !this.#records) await this.#beginToRecord()
      if (recreate) await this.#startFresh()
      else await this.#startAgain()
      return this.info()
    })
  }

  /** Gives it a new process: the spare, or where there is none, one that is started now. Keeps a spare from then on. */
  async renew(): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
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
      return this.info()
    })
  }

  /** While the next file is loaded there is time for what it would have to wait for. */
  leaseEnded(): void {
    this.used = true
    const { isolation } = this
    // A spare that the file had asked for itself goes with it.
    const steps = [isolation === 'process' ? this.renew() : this.#inTurn(() => this.#spare.discard())]
    if (isolation === 'restart') steps.push(this.restart(true))
    void Promise.allSettled(steps)
  }

  /** Stops the process; directory and address stay, for a start. */
  async stop(): Promise<void> {
    await this.#inTurn(() => this.#stop())
  }

  /** Sends a signal; returns when SIGKILL has had its effect. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#inTurn(async () => {
      if (signal === 'SIGKILL') await this.#instance.kill({ cleanup: false })
      else this.#signal(signal)
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
    const { instance } = this
    const { credentials } = instance
    return {
      name: this.name,
      host: instance.host,
      port: instance.port,
      uri: instance.uri,
      user: credentials?.user,
      password: credentials?.password,
      pid: instance.pid ?? 0,
      version: instance.version().text,
      workDir: instance.workDir,
      logFile: instance.logFile,
      consoleHost: instance.consoleHost,
      consolePort: instance.consolePort,
      address: instance.address,
      isolation: this.isolation,
      strict: this.#options.strict ?? false,
      records: this.#records,
      generation: this.#generation,
      beganEmpty: this.#beganEmpty,
      used: this.used,
      keepsOnFailure: this.#options.keep === 'on-failure',
    }
  }

  async crashReport(): Promise<CrashReport | null> {
    const { process, address, fingerprint, logFile } = this.#instance
    // The worker sees the connection's end before this process is told of the server's, and a server that takes no
    // connections any more is going to end.
    const isEnding = await refusesConnections(address.binary)
    const exit = await process?.exitWithin(isEnding ? shutdownTime : seenWithin)
    if (!exit) return null
    return { fingerprint, exitCode: exit.exitCode, signal: exit.signal, logFile }
  }

  #makeInstance(more: InstanceOptions = {}): TarantoolInstance {
    const { isolation: _isolation, strict: _strict, ...options } = this.#options
    return new TarantoolInstance({ ...options, recordChanges: this.#records, ...more }, this.#baseDir)
  }

  async #stop(): Promise<void> {
    this.#paused = false
    this.#doomed = false
    await this.#instance.stop({ cleanup: false })
  }

  /** Waits for a server to end that a test has sent such a signal, for `stopTimeout` at most. */
  async #awaitDeath(): Promise<void> {
    if (this.#doomed) await this.#stop()
  }

  async #startFresh(): Promise<void> {
    if (this.#testFailed) await this.#replaceInstance()
    await this.#startAgain({ recreate: true })
    this.used = false
  }

  async #startAgain({ recreate = false } = {}): Promise<void> {
    this.#checkNotDestroyed()
    this.#paused = false
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
    this.#paused = false
    this.#doomed = false
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

  #signal(signal: NodeJS.Signals): void {
    if (!this.#instance.process?.sendSignal(signal)) {
      throw new NotRunningError(`${this.#instance.fingerprint} does not run: no ${signal} can be sent`)
    }
    if (signal === 'SIGSTOP') this.#paused = true
    if (signal === 'SIGCONT') this.#paused = false
    if (!harmless.has(signal)) this.#doomed = true
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
