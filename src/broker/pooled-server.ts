import type { ServerOptions } from '../config/fixture-config.ts'
import { NotRunningError } from '../errors.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import type { Address } from '../protocol/address.ts'
import type { CrashReport, LeasedServerInfo } from './messages.ts'

/** One server of a pool: an instance, and what its leases did with it. */
export class PooledServer {
  readonly name: string
  /** The worker slot that it was last leased to, or is meant for. */
  slot: number
  /** A lease has had it since it was last made fresh. */
  used = false
  readonly #options: ServerOptions
  readonly #instance: TarantoolInstance
  #paused = false
  /** What is going on with it: each step waits for the one before. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(name: string, slot: number, options: ServerOptions, root: string, baseDir: string) {
    const { isolation: _isolation, ...instanceOptions } = options
    this.name = name
    this.slot = slot
    this.#options = options
    this.#instance = new TarantoolInstance({ ...instanceOptions, root: options.root ?? root }, baseDir)
  }

  get isolation(): 'none' | 'restart' {
    return this.#options.isolation ?? 'none'
  }

  get instance(): TarantoolInstance {
    return this.#instance
  }

  /** Starts it in the background, so that a lease finds it ready. A failure is told to the lease. */
  prestart(): void {
    this.#inTurn(() => this.#instance.start()).catch(() => {})
  }

  /** Makes it run: as it is if it runs, resumed if it is paused, else started with an empty directory. */
  async ensure(): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      if (this.#paused) this.#signal('SIGCONT')
      if (!this.#instance.isRunning) {
        await this.#instance.start()
        this.used = false
      }
      return this.info()
    })
  }

  async start(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      await this.#instance.start({ recreate })
      return this.info()
    })
  }

  async restart(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#inTurn(async () => {
      this.#paused = false
      await this.#instance.restart({ recreate })
      if (recreate) this.used = false
      return this.info()
    })
  }

  /** Stops the process; directory and address stay, for a start. */
  async stop(): Promise<void> {
    await this.#inTurn(async () => {
      this.#paused = false
      await this.#instance.stop({ cleanup: false })
    })
  }

  /** Sends a signal; returns when a deadly one has had its effect. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#inTurn(async () => {
      if (signal === 'SIGKILL') await this.#instance.kill({ cleanup: false })
      else this.#signal(signal)
    })
  }

  /** A test that had it failed: with `keep: 'on-failure'` its directory stays. */
  testFailed(): void {
    this.#instance.markFailed()
  }

  /** Ends it for good. */
  async destroy(): Promise<void> {
    await this.#instance.stop()
  }

  info(): LeasedServerInfo {
    const { instance } = this
    const { credentials } = instance
    const address = {
      binary: toAddress(instance.host, instance.port),
      console: toAddress(instance.consoleHost, instance.consolePort),
      credentials,
    }
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
      address,
      isolation: this.isolation,
      used: this.used,
      keepsOnFailure: this.#options.keep === 'on-failure',
    }
  }

  async crashReport(): Promise<CrashReport | null> {
    const { process, log } = this.#instance
    // The worker sees the connection's end before this process is told of the server's.
    const exit = await process?.exitWithin(1000)
    if (!exit) return null
    return {
      fingerprint: this.#instance.fingerprint,
      exitCode: exit.exitCode,
      signal: exit.signal,
      logTail: (await log.lines()).slice(-50),
      logFile: log.path,
    }
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#instance.process?.sendSignal(signal)) {
      throw new NotRunningError(`${this.#instance.fingerprint} does not run: no ${signal} can be sent`)
    }
    if (signal === 'SIGSTOP') this.#paused = true
    if (signal === 'SIGCONT') this.#paused = false
  }

  async #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(step, step)
    this.#last = result.catch(() => {})
    return await result
  }
}

const toAddress = (host: string, port: number | string): Address =>
  host === 'unix/' ? { path: String(port) } : { host: host === '0.0.0.0' ? '127.0.0.1' : host, port: Number(port) }
