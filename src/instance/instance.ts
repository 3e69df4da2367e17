import { join } from 'node:path'
import { fromCaller } from '../call-site.ts'
import type { Credentials, InstanceOptions, Logger } from '../config/options.ts'
import { type ResolvedOptions, resolveOptions } from '../config/resolve.ts'
import type { NotRunningError } from '../errors.ts'
import { notRecording } from '../isolation/failures.ts'
import { guarded } from '../log/follower.ts'
import type { LogFile, LogSlice, LogWait } from '../log/log-file.ts'
import type { ServerAddress, ServerConnections } from '../protocol/connections.ts'
import type { RequestOptions } from '../protocol/request-table.ts'
import { TarantoolVersion } from '../version/tarantool-version.ts'
import type { ProcessExit } from './control/exit.ts'
import type { ServerDetails, Standby } from './failure/details.ts'
import { errorOfEnd } from './failure/exit-failure.ts'
import { notRunning, portNotChosen } from './failure/not-running.ts'
import { type InstanceState, Lifecycle } from './lifecycle.ts'
import { forUri, type InstanceAddresses, toUri } from './place/addresses.ts'
import { freePort } from './place/port.ts'
import { Workspace } from './place/workspace.ts'
import type { TarantoolProcess } from './process.ts'
import { Requests } from './requests/requests.ts'
import { Rewind } from './requests/rewind.ts'
import { takeOverAddress } from './start/standby.ts'

/** How `start` goes about it. */
export interface StartOptions {
  /** Wait until the server is ready; else only until its process runs. Default true. */
  wait?: boolean | undefined
  /** Begin with an empty directory; else with what an earlier run left in it. Default true. */
  recreate?: boolean | undefined
}

/** What `stop`, `terminate` and `kill` leave behind. */
export interface StopOptions {
  /** Remove the directory as `keep` says; `false` leaves it for the next start. Default true. */
  cleanup?: boolean | undefined
}

/** How `command` is sent. */
export interface CommandOptions extends RequestOptions {
  /**
   * Gives the two lines with which the console greets (its version, and a hint) to the option `logger` before the command
   * runs. Default false (asynctnt: true).
   */
  printGreeting?: boolean | undefined
}

// In milliseconds. If a server does not answer within this time, the server cannot give up its address, or take it back.
const stepsWithin = 5000

/** Tells the constructor that the options were checked before. The constructor's public type does not know this class. */
class Resolved {
  readonly options: ResolvedOptions

  constructor(options: ResolvedOptions) {
    this.options = options
  }
}

/**
 * A Tarantool server of one's own: a process and its directory, from start to end.
 *
 * It is ready when the last line of its init script has run, ends with the process that made it, however that ends, and
 * leaves nothing behind. What Python's `asynctnt.instance.TarantoolAsyncInstance` does, with its option names in camelCase.
 *
 * @example
 * const tarantool = await new TarantoolInstance({ appLua: './app.lua' }).start()
 * const [sum] = await tarantool.eval('return ... + 1', 41)
 * await tarantool.stop()
 */
export class TarantoolInstance implements AsyncDisposable {
  readonly #options: ResolvedOptions
  readonly #workspace: Workspace
  readonly #lifecycle: Lifecycle
  readonly #requests: Requests
  readonly #rewind: Rewind

  /**
   * Checks the options; starts nothing.
   *
   * @param baseDir what relative paths in the options are relative to. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
   */
  constructor(options: InstanceOptions = {}, baseDir: string = process.cwd()) {
    this.#options = options instanceof Resolved ? options.options : resolveOptions(options, baseDir)
    this.#workspace = new Workspace(this.#options)
    this.#lifecycle = new Lifecycle(this.#options, this.#workspace)
    const details = (): ServerDetails => this.#lifecycle.details()
    this.#requests = new Requests(details)
    this.#rewind = new Rewind(this.#options.timeout, details)
    this.#lifecycle.onStopping = () => this.#disconnect()
  }

  /**
   * An instance of options that were checked before.
   *
   * @internal
   */
  static of(options: ResolvedOptions): TarantoolInstance {
    return new TarantoolInstance(new Resolved(options) as object)
  }

  /** A TCP port that is free now on 127.0.0.1. */
  static getRandomPort(): Promise<number> {
    return freePort()
  }

  // ---- What it is ----

  /** Where it is in its life. */
  get state(): InstanceState {
    return this.#lifecycle.state
  }

  /** Whether the server is ready for requests. */
  get isRunning(): boolean {
    return this.state === 'running'
  }

  /** The address that it listens on; `'unix/'` where `port` is the path of a socket. */
  get host(): string {
    return this.#options.host
  }

  /**
   * The port, or with host `'unix/'` the socket's path. It stays the same over restarts.
   *
   * @throws NotRunningError where the port is to be a free one, and neither `start()` nor `prepare()` has chosen it yet
   */
  get port(): number | string {
    const port = this.#workspace.addresses?.port ?? this.#options.port
    return port ?? this.#addresses().port
  }

  /**
   * `host:port`, or `user:password@host:port`: what a client or another server's `replicationSource` takes. Characters that
   * a URI cannot hold are percent-encoded; Tarantool's own clients do not decode them and want them apart from the URI.
   */
  get uri(): string {
    const { credentials, host } = this
    const account = credentials ? `${forUri(credentials.user)}:${forUri(credentials.password)}@` : ''
    return account + toUri(host, this.port)
  }

  /**
   * The account that requests are sent as; undefined for guest. A server that cannot tell users apart (see the option
   * `access`) has a random password. In a sandbox on Linux, the fixture knows the account only after the first start.
   */
  get credentials(): Credentials | undefined {
    return this.#workspace.access.credentials
  }

  /** The address of the console; `'unix/'` where `consolePort` is the path of a socket. */
  get consoleHost(): string {
    return this.#options.consoleHost
  }

  /** The console's port, or with `consoleHost` `'unix/'` its socket's path. */
  get consolePort(): number | string {
    return this.#addresses().console.port
  }

  /** Where a client on this machine connects, and as whom. */
  get address(): ServerAddress {
    const { agent, binary } = this.#addresses()
    return { binary, console: agent, credentials: this.credentials }
  }

  /** How messages call the server: `Tarantool[127.0.0.1:34567]`, or `Tarantool 3[…]` if that `version` is asked for. */
  get fingerprint(): string {
    return this.#lifecycle.fingerprint
  }

  /**
   * The instance's directory; it is there from the first start to the stop. A start changes the path if another user has
   * made a directory in its way.
   */
  get workDir(): string {
    return this.#workspace.directory
  }

  /** The server's log. */
  get log(): LogFile {
    return this.#workspace.log
  }

  /** The path of the server's log. */
  get logFile(): string {
    return this.log.path
  }

  /** The process that runs, or that ran last. */
  get process(): TarantoolProcess | undefined {
    return this.#lifecycle.process
  }

  /** The server's process id on this machine, while it runs; undefined for one in a container of another machine's engine. */
  get pid(): number | undefined {
    return this.process && !this.process.exit ? this.process.serverPid : undefined
  }

  /** The option `logger`. */
  get logger(): Logger | undefined {
    return this.#options.logger
  }

  /** Where to replicate from: one URI or several. Takes effect at the next start. */
  get replicationSource(): string | readonly string[] | undefined {
    return this.#lifecycle.replicationSource
  }

  set replicationSource(source: string | readonly string[] | undefined) {
    resolveOptions({ replicationSource: source })
    this.#lifecycle.replicationSource = source
  }

  /**
   * The version of the running server: a text with `isAtLeast`, `major`, `minor` and `patch`.
   *
   * @throws NotRunningError
   * @example
   * const hasSlices = tarantool.version().isAtLeast(2, 11)
   */
  version(): TarantoolVersion {
    const { report } = this.#lifecycle
    if (!report) throw this.#notRunning()
    return TarantoolVersion.of(report.version)
  }

  /**
   * `box.info.status` now: `'running'`, or of a server that replicates `'orphan'` while it is read-only for want of enough
   * sources. It counts as ready, and as running, in both.
   *
   * @throws NotRunningError
   */
  async status(): Promise<string> {
    const [status] = await this.command('box.info.status')
    return String(status)
  }

  /** The version of the program that is run: `tarantool --version`, asked once per binary. */
  async binVersion(): Promise<TarantoolVersion> {
    return TarantoolVersion.of((await this.#lifecycle.version()).text)
  }

  // ---- Its life ----

  /**
   * Makes the directory and the init script, and chooses the port, without starting anything.
   *
   * @param options `recreate`: begin with an empty directory. Default true.
   * @returns the path of the rendered init script
   */
  async prepare(options: { recreate?: boolean } = {}): Promise<string> {
    const { recreate = true } = options
    await this.#lifecycle.prepare(recreate)
    return join(this.workDir, 'init.lua')
  }

  /**
   * Starts the server, and waits until the last line of its init script has run. Calls at the same time share one start; a
   * running server is left as it is.
   *
   * @param options what it begins with, and whether it is waited for
   * @returns the instance itself
   * @throws BoxCfgError, InitScriptError, SeedError, PortTakenError, ServerExitedError, ServerKilledError at once, StartTimeoutError
   *   after `timeout`; nothing runs then, and no directory is left
   * @example
   * const tarantool = await new TarantoolInstance().start()
   */
  async start({ wait = true, recreate = true }: StartOptions = {}): Promise<this> {
    await this.#lifecycle.start(wait, recreate)
    return this
  }

  /**
   * Starts the server, application and all, but does not let it listen: another one still has its address.
   *
   * @internal
   * @throws what `start` throws
   */
  async standBy(standby: Standby = {}): Promise<this> {
    this.#workspace.standby = standby
    await this.start()
    // What a take-over needs is loaded and connected before somebody waits for it. One that is not fit for it has ended
    // by then, like one that ends while it stands by.
    await this.command('true', { timeout: this.#options.timeout }).catch(() => this.kill())
    return this
  }

  /**
   * Lets a server that stands by listen, after the one that had its address has ended.
   *
   * @internal
   * @throws PortTakenError; ServerExitedError, NotRunningError when it has ended itself. It is not ended by the failure.
   */
  async takeOver(): Promise<void> {
    await takeOverAddress({
      addresses: this.#addresses(),
      timeout: this.#options.timeout,
      details: () => this.#lifecycle.details(this.process?.logStart),
      command: (lua, options) => this.command(lua, options),
    })
    this.#workspace.standby = undefined
    await this.#workspace.chooseAddresses()
    this.#disconnect()
  }

  /**
   * Gives up the address for a while. The server closes its clients' connections, and keeps running.
   *
   * @internal
   * @throws NotRunningError, RequestTimeoutError; ContainerEngineError when the engine does not free the ports. The server
   *   may have done a part of it, and must be ended.
   */
  async stepAside(): Promise<void> {
    await this.command("require('tarantool-fixture').step_aside()", { timeout: stepsWithin })
    await this.process?.unpublish()
  }

  /**
   * Takes the address back, after the server that had it meanwhile has ended.
   *
   * @internal
   * @throws what `stepAside` throws. The server must be ended then, too.
   */
  async stepBack(): Promise<void> {
    await this.process?.publish()
    await this.command("require('tarantool-fixture').step_back()", { timeout: stepsWithin })
  }

  /**
   * Waits for a server that was started with `wait: false`. A replica whose source comes later gets ready when it does; an
   * orphan is ready, too: `status()` tells.
   *
   * @param options `timeout` in milliseconds; the server is left alone when it passes. Default: the option `timeout`.
   * @throws what `start` throws; NotRunningError when nothing was started
   */
  async ready({ timeout = this.#options.timeout }: { timeout?: number } = {}): Promise<this> {
    await this.#lifecycle.ready(timeout)
    return this
  }

  /**
   * Stops the server: SIGTERM, then SIGKILL after `stopTimeout`. Returns when the process is gone, and its directory and
   * sockets too. Works in every state; a start that is under way ends with StartAbortedError.
   *
   * @param options what becomes of the directory
   */
  async stop({ cleanup = true }: StopOptions = {}): Promise<void> {
    await this.#lifecycle.end('SIGTERM', cleanup)
  }

  /** asynctnt's other name for `stop`. */
  async terminate(options: StopOptions = {}): Promise<void> {
    await this.stop(options)
  }

  /**
   * Ends the server with SIGKILL, and cleans up like `stop`.
   *
   * @param options what becomes of the directory: `{ cleanup: false }` leaves what a crash would leave
   */
  async kill({ cleanup = true }: StopOptions = {}): Promise<void> {
    await this.#lifecycle.end('SIGKILL', cleanup)
  }

  /**
   * Stops the server and starts it on the same address.
   *
   * @param options `recreate`: begin with an empty directory. Default false: with its data, as far as `walMode` kept it.
   * @throws what `start` throws
   */
  async restart({ recreate = false }: { recreate?: boolean } = {}): Promise<this> {
    await this.#lifecycle.restart(recreate)
    return this
  }

  /**
   * Waits until the server has ended, for whatever reason; at once when none runs.
   *
   * @returns how it ended; undefined when it was never started
   */
  async waitStopped(): Promise<ProcessExit | undefined> {
    await this.#lifecycle.ended()
    return this.process?.exit
  }

  /**
   * Removes the directory and the sockets of an instance that does not run, unless `keep` says otherwise.
   *
   * @throws NotRunningError when the server runs
   */
  async cleanup(): Promise<void> {
    this.#lifecycle.mustNotRun('cleanup')
    this.#lifecycle.clean()
  }

  /** Makes `keep: 'on-failure'` keep the directory: something failed that the instance itself cannot see, such as a test. */
  markFailed(): void {
    this.#lifecycle.markFailed()
  }

  /** `stop()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // ---- Talking to it ----

  /**
   * Runs Lua on the server's console, as its administrator.
   *
   * @param lua one line or several; they are one chunk. What it is worth, or returns, is the result.
   * @param options how long it may take: default, as long as the server lives
   * @returns the values; an empty list when there are none. Uuids, datetimes and the like are strings, as on the console
   * @throws LuaError, BoxError; NotRunningError; ServerExitedError when the server ends first
   * @example await tarantool.command('box.info.status') // ['running']
   */
  async command(lua: string, { printGreeting = false, ...options }: CommandOptions = {}): Promise<unknown[]> {
    return await this.#request(async connections => {
      if (printGreeting) this.#print(await connections.greeting())
      return await connections.command(lua, options)
    })
  }

  /**
   * Runs Lua over the binary protocol.
   *
   * @param args what `...` stands for in it
   * @returns the list of the values that it returns
   * @throws LuaError, BoxError; ProtocolError for a value that cannot be sent; NotRunningError, ServerExitedError
   * @example
   * const [sum] = await tarantool.eval<[number]>('return ... + 1', 41)
   */
  async eval<Result extends unknown[] = unknown[]>(lua: string, ...args: unknown[]): Promise<Result> {
    return (await this.#request(connections => connections.eval(lua, args))) as Result
  }

  /**
   * Calls a function of the application over the binary protocol.
   *
   * @param name a global function's, or a path such as `'box.space.users:count'`
   * @param args its arguments
   * @returns the list of the values that it returns
   * @throws what `eval` throws
   * @example
   * const [count] = await tarantool.call<[number]>('count_users')
   */
  async call<Result extends unknown[] = unknown[]>(name: string, ...args: unknown[]): Promise<Result> {
    return (await this.#request(connections => connections.call(name, args))) as Result
  }

  /** The lines of the log, from an offset in bytes on. */
  async logs(slice?: LogSlice): Promise<string[]> {
    return await this.log.lines(slice)
  }

  /** The lines of the log that hold a text or match an expression. */
  async grepLog(pattern: string | RegExp, slice?: LogSlice): Promise<string[]> {
    return await this.log.grep(pattern, slice)
  }

  /**
   * Waits for a line that holds a text or matches an expression, and returns it; one that is there already will do.
   *
   * @param options `timeout` in milliseconds, default 4000; `since` in bytes, default 0
   *
   * @throws LogTimeoutError; ServerExitedError as soon as the server ends without having written one
   */
  async waitForLog(pattern: string | RegExp, options?: LogWait): Promise<string> {
    return await fromCaller(this.waitForLog, async () => {
      const { process } = this
      if (!process || (process.exit && this.state === 'starting')) return await this.log.waitFor(pattern, options)
      const error = (): Error => errorOfEnd(process, `logged what matches ${pattern}`, this.#lifecycle.details())
      return await this.log.waitFor(pattern, options, { ended: process.exited, error })
    })
  }

  // ---- Undoing ----

  /**
   * Brings the server back to how it was when its application and seed had been loaded: at the price of what was changed
   * since, and with its connections. What cannot be undone in place (a vinyl truncate, many thousand changes) costs a
   * restart with an empty directory, on the same address. Needs `recordChanges: true`.
   *
   * @throws ResetError without `recordChanges`; NotRunningError
   * @example
   * const tarantool = await new TarantoolInstance({ appLua: './app.lua', recordChanges: true }).start()
   * afterEach(() => tarantool.reset())
   */
  async reset(): Promise<void> {
    const { process } = this
    if (!this.isRunning || !process) throw this.#notRunning()
    if (!this.#options.recordChanges) {
      throw notRecording(this.fingerprint, 'Give it the option recordChanges: true.')
    }
    const { lost } = await this.#rewind.rewind(process, this.address.console)
    if (lost !== undefined) await this.restart({ recreate: true })
  }

  // ---- Inside ----

  #addresses(): InstanceAddresses {
    const { addresses } = this.#workspace
    if (addresses) return addresses
    throw portNotChosen()
  }

  #notRunning(): NotRunningError {
    const { state, failure } = this.#lifecycle
    return notRunning(state, failure, this.#lifecycle.details())
  }

  #print(greeting: string): void {
    const { logger } = this.#options
    if (!logger) return
    for (const line of greeting.split('\n')) if (line.trim() !== '') guarded(logger)(line.trimEnd())
  }

  #disconnect(): void {
    this.#requests.disconnect()
    this.#rewind.disconnect()
  }

  async #request<Result>(send: (connections: ServerConnections) => Promise<Result>): Promise<Result> {
    const { process } = this
    if (!this.isRunning || !process) throw this.#notRunning()
    return await this.#requests.send(process, this.address, send)
  }
}
