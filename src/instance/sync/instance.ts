import type { Credentials, InstanceOptions, Logger } from '../../config/options.ts'
import { InvalidOptionError } from '../../errors.ts'
import { guarded } from '../../log/follower.ts'
import type { LogSlice, LogWait } from '../../log/log-file.ts'
import type { ServerAddress } from '../../protocol/connections.ts'
import type { TarantoolVersion } from '../../version/tarantool-version.ts'
import type { CommandOptions, StartOptions, StopOptions, TarantoolInstance } from '../instance.ts'
import type { InstanceState } from '../lifecycle.ts'
import type { ProcessExit } from '../process.ts'
import { toClone } from './clone.ts'
import { SyncLogFile } from './log.ts'
import { TarantoolSyncProcess } from './process.ts'
import { Remote } from './remote.ts'
import { serverThread } from './thread.ts'

type Method = {
  [Name in keyof TarantoolInstance]: TarantoolInstance[Name] extends (...values: never[]) => unknown ? Name : never
}[keyof TarantoolInstance & string]
type Property = Exclude<keyof TarantoolInstance & string, Method>
type Answer<Name extends Method> = TarantoolInstance[Name] extends (...values: never[]) => infer Result
  ? Awaited<Result>
  : never

let instances = 0

/**
 * `TarantoolInstance`, every method of which blocks until it is done: for scripts, a REPL, and runners whose setup cannot
 * be asynchronous. What Python's `asynctnt.instance.TarantoolSyncInstance` does, with its option names in camelCase.
 *
 * Options, values and errors are those of `TarantoolInstance`. The servers belong to this process, run in a thread of
 * their own, and end with the process, which they do not keep alive. The `logger` is called in this thread: with each line
 * that comes while a method blocks, before the method returns, and with the others when Node gets to its events.
 *
 * @example
 * const tarantool = new TarantoolSyncInstance({ appLua: './app.lua' }).start()
 * const [sum] = tarantool.eval('return ... + 1', 41)
 * tarantool.stop()
 */
export class TarantoolSyncInstance implements Disposable {
  /** The server's log. */
  readonly log: SyncLogFile
  readonly #remote: Remote
  readonly #logger: Logger | undefined
  #requestTimeout = 60_000

  /**
   * Checks the options; starts nothing.
   *
   * @param baseDir what relative paths in the options are relative to. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
   */
  constructor(options: InstanceOptions = {}, baseDir: string = process.cwd()) {
    const instance = ++instances
    const thread = serverThread()
    // Whatever else a logger is, the other side refuses.
    const { logger } = options ?? {}
    const logs = typeof logger === 'function'
    this.#logger = logger
    if (logs) thread.onLine(instance, guarded(logger))
    const sent = logs ? { ...options, logger: undefined } : options
    const question = { kind: 'new', instance, options: toClone(sent), baseDir: toClone(baseDir), logs } as const
    thread.ask(question, Number.POSITIVE_INFINITY, () => new Error('unreachable'))
    this.#remote = new Remote(thread, { instance }, () => this.fingerprint)
    this.log = new SyncLogFile(this.#get('logFile'), this.#remote.part('log'))
  }

  /** A TCP port that is free now on 127.0.0.1. */
  static getRandomPort(): number {
    const limit = Number.POSITIVE_INFINITY
    return serverThread().ask({ kind: 'port' }, limit, () => new Error('unreachable')) as number
  }

  /**
   * How long `eval`, `call`, `command`, `reset` and `waitStopped` wait for the server, in milliseconds, before they throw a
   * RequestTimeoutError: nothing else could end the wait. Default 60000; `Infinity` for no limit. The server is not told,
   * and may go on with what it was asked; the instance stays usable.
   */
  get requestTimeout(): number {
    return this.#requestTimeout
  }

  set requestTimeout(milliseconds: number) {
    if (typeof milliseconds !== 'number' || !(milliseconds > 0)) {
      throw new InvalidOptionError(`requestTimeout must be more than 0 (milliseconds), not ${String(milliseconds)}`)
    }
    this.#requestTimeout = milliseconds
  }

  // ---- What it is ----

  /** Where it is in its life. */
  get state(): InstanceState {
    return this.#remote.isThere ? this.#get('state') : 'failed'
  }

  /** Whether the server is ready for requests. */
  get isRunning(): boolean {
    return this.#remote.isThere && this.#get('isRunning')
  }

  /** The address that it listens on; `'unix/'` where `port` is the path of a socket. */
  get host(): string {
    return this.#get('host')
  }

  /**
   * The port, or with host `'unix/'` the socket's path. It stays the same over restarts.
   *
   * @throws NotRunningError where the port is to be a free one, and neither `start()` nor `prepare()` has chosen it yet
   */
  get port(): number | string {
    return this.#get('port')
  }

  /** `host:port`, or `user:password@host:port`. */
  get uri(): string {
    return this.#get('uri')
  }

  /** The account that requests are sent as; undefined for guest. */
  get credentials(): Credentials | undefined {
    return this.#get('credentials')
  }

  /** The address of the console; `'unix/'` where `consolePort` is the path of a socket. */
  get consoleHost(): string {
    return this.#get('consoleHost')
  }

  /** The console's port, or with `consoleHost` `'unix/'` its socket's path. */
  get consolePort(): number | string {
    return this.#get('consolePort')
  }

  /** Where a client on this machine connects, and as whom. */
  get address(): ServerAddress {
    return this.#get('address')
  }

  /** How messages call the server: `Tarantool[127.0.0.1:34567]`, or `Tarantool 3[…]` if that `version` is asked for. */
  get fingerprint(): string {
    return this.#get('fingerprint')
  }

  /** The instance's directory; it is there from the first start to the stop. */
  get workDir(): string {
    return this.#get('workDir')
  }

  /** The path of the server's log. */
  get logFile(): string {
    return this.log.path
  }

  /** The process that runs, or that ran last. */
  get process(): TarantoolSyncProcess | undefined {
    const number = this.#remote.get('process') as number | undefined
    if (number === undefined) return undefined
    return new TarantoolSyncProcess(this.#remote.part(number), this.log, () => this.#requestTimeout)
  }

  /** The process's id while it runs. */
  get pid(): number | undefined {
    return this.#get('pid')
  }

  /** The option `logger`. */
  get logger(): Logger | undefined {
    return this.#logger
  }

  /** Where to replicate from: one URI or several. Takes effect at the next start. */
  get replicationSource(): string | readonly string[] | undefined {
    return this.#get('replicationSource')
  }

  set replicationSource(source: string | readonly string[] | undefined) {
    this.#remote.set('replicationSource', source)
  }

  /**
   * The version of the running server: a text with `isAtLeast`, `major`, `minor` and `patch`.
   *
   * @throws NotRunningError
   */
  version(): TarantoolVersion {
    return this.#call('version', [])
  }

  /** `box.info.status` now: `'running'`, or of a server that replicates `'orphan'`. */
  status(): string {
    return this.#call('status', [], this.#requestTimeout)
  }

  /** The version of the program that is run: `tarantool --version`, asked once per binary. */
  binVersion(): TarantoolVersion {
    return this.#call('binVersion', [])
  }

  // ---- Its life ----

  /**
   * Makes the directory and the init script, and chooses the port, without starting anything.
   *
   * @returns the path of the rendered init script
   */
  prepare(options: { recreate?: boolean } = {}): string {
    return this.#call('prepare', [options])
  }

  /**
   * Starts the server, and waits until the last line of its init script has run. A running server is left as it is.
   *
   * @returns the instance itself
   * @throws BoxCfgError, InitScriptError, SeedError, PortTakenError, ServerExitedError, ServerKilledError at once,
   *   StartTimeoutError after `timeout`; nothing runs then, and no directory is left
   */
  start(options: StartOptions = {}): this {
    this.#call('start', [options])
    return this
  }

  /**
   * Waits for a server that was started with `wait: false`.
   *
   * @param options `timeout` in milliseconds; the server is left alone when it passes. Default: the option `timeout`.
   */
  ready(options: { timeout?: number } = {}): this {
    this.#call('ready', [options])
    return this
  }

  /** Stops the server: SIGTERM, then SIGKILL after `stopTimeout`. Works in every state. */
  stop(options: StopOptions = {}): void {
    this.#end('stop', options)
  }

  /** asynctnt's other name for `stop`. */
  terminate(options: StopOptions = {}): void {
    this.#end('terminate', options)
  }

  /** Ends the server with SIGKILL, and cleans up like `stop`. `{ cleanup: false }` leaves what a crash would leave. */
  kill(options: StopOptions = {}): void {
    this.#end('kill', options)
  }

  /** Stops the server and starts it on the same address; with its data, as far as `walMode` kept it, unless `recreate`. */
  restart(options: { recreate?: boolean } = {}): this {
    this.#call('restart', [options])
    return this
  }

  /**
   * Waits until the server has ended, for whatever reason; at once when none runs.
   *
   * @param options `timeout` in milliseconds. Default: `requestTimeout`.
   * @returns how it ended; undefined when it was never started
   * @throws RequestTimeoutError
   */
  waitStopped({ timeout = this.#requestTimeout }: { timeout?: number } = {}): ProcessExit | undefined {
    return this.#call('waitStopped', [], timeout)
  }

  /** Removes the directory and the sockets of an instance that does not run, unless `keep` says otherwise. */
  cleanup(): void {
    this.#call('cleanup', [])
  }

  /** Makes `keep: 'on-failure'` keep the directory: something failed that the instance itself cannot see. */
  markFailed(): void {
    this.#call('markFailed', [])
  }

  /** `stop()`, for `using`. */
  [Symbol.dispose](): void {
    this.stop()
  }

  // Where the servers' thread has ended, its servers have: a finally of the user's need not know of it.
  #end(name: 'stop' | 'terminate' | 'kill', options: StopOptions): void {
    if (this.#remote.isThere) this.#call(name, [options])
  }

  // ---- Talking to it ----

  /**
   * Runs Lua on the server's console, as its administrator.
   *
   * @param options `timeout` in milliseconds, default `requestTimeout`; `printGreeting`
   * @returns the values; an empty list when there are none. Uuids, datetimes and the like are strings, as on the console
   * @throws LuaError, BoxError; NotRunningError; ServerExitedError when the server ends first; RequestTimeoutError
   */
  command(
    lua: string,
    { timeout = this.#requestTimeout, printGreeting }: Pick<CommandOptions, 'timeout' | 'printGreeting'> = {},
  ): unknown[] {
    return this.#call('command', [lua, { timeout, printGreeting }])
  }

  /**
   * Runs Lua over the binary protocol.
   *
   * @param args what `...` stands for in it
   * @returns the list of the values that it returns
   * @throws LuaError, BoxError; ProtocolError for a value that cannot be sent; NotRunningError, ServerExitedError; RequestTimeoutError after `requestTimeout`
   * @example
   * const [sum] = tarantool.eval<[number]>('return ... + 1', 41)
   */
  eval<Result extends unknown[] = unknown[]>(lua: string, ...args: unknown[]): Result {
    return this.#call('eval', [lua, ...args], this.#requestTimeout) as Result
  }

  /**
   * Calls a function of the application over the binary protocol.
   *
   * @param name a global function's, or a path such as `'box.space.users:count'`
   * @param args its arguments
   * @returns the list of the values that it returns
   * @throws what `eval` throws
   * @example
   * const [count] = tarantool.call<[number]>('count_users')
   */
  call<Result extends unknown[] = unknown[]>(name: string, ...args: unknown[]): Result {
    return this.#call('call', [name, ...args], this.#requestTimeout) as Result
  }

  /** The lines of the log, from an offset in bytes on. */
  logs(slice?: LogSlice): string[] {
    return this.#call('logs', [slice])
  }

  /** The lines of the log that hold a text or match an expression. */
  grepLog(pattern: string | RegExp, slice?: LogSlice): string[] {
    return this.#call('grepLog', [pattern, slice])
  }

  /**
   * Waits for a line that holds a text or matches an expression, and returns it; one that is there already will do.
   *
   * @param options `timeout` in milliseconds, default 5000; `since` in bytes, default 0
   *
   * @throws LogTimeoutError; ServerExitedError as soon as the server ends without having written one
   */
  waitForLog(pattern: string | RegExp, options?: LogWait): string {
    return this.#call('waitForLog', [pattern, options])
  }

  /**
   * Brings the server back to how it was when its application and seed had been loaded. Needs `recordChanges: true`.
   *
   * @throws ResetError without `recordChanges`; NotRunningError
   */
  reset(): void {
    this.#call('reset', [], this.#requestTimeout)
  }

  // ---- Inside ----

  #get<Name extends Property>(name: Name): TarantoolInstance[Name] {
    return this.#remote.get(name) as TarantoolInstance[Name]
  }

  #call<Name extends Method>(name: Name, values: readonly unknown[], timeout?: number): Answer<Name> {
    return this.#remote.call(name, values, timeout) as Answer<Name>
  }
}
