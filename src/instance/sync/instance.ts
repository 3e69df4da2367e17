import type { InstanceOptions, Logger } from '../../config/options.ts'
import { InvalidOptionError } from '../../errors.ts'
import { guarded } from '../../log/follower.ts'
import type { ProcessExit } from '../control/exit.ts'
import type { CommandOptions, StartOptions, StopOptions, TarantoolInstance } from '../instance.ts'
import type { InstanceState } from '../lifecycle.ts'
import { toClone } from './clone.ts'
import { SyncLogFile } from './log.ts'
import { TarantoolSyncProcess } from './process.ts'
import { Remote } from './remote.ts'
import { serverThread } from './thread.ts'
import type { OwnMembers } from './twin.ts'
import { BlockingInstance, type ways } from './ways.ts'

let instances = 0

function remoteInstance(options: InstanceOptions, baseDir: string): Remote {
  const instance = ++instances
  const thread = serverThread()
  // The other side refuses a logger that is not a function.
  const { logger } = options ?? {}
  const logs = typeof logger === 'function'
  if (logs) thread.onLine(instance, guarded(logger))
  const sent = logs ? { ...options, logger: undefined } : options
  const question = { kind: 'new', instance, options: toClone(sent), baseDir: toClone(baseDir), logs } as const
  thread.ask(question, Number.POSITIVE_INFINITY, () => new Error('unreachable'))
  return new Remote(thread, { instance })
}

/**
 * A Tarantool server for scripts, a REPL, and runners whose setup cannot be asynchronous. The class does the work of
 * Python's `asynctnt.instance.TarantoolSyncInstance`, and has its option names in camelCase.
 *
 * The class has the members of `TarantoolInstance`, with the same options, values and errors. Each method blocks until
 * it is done, and returns the value itself instead of a promise. Members without a description here are described at
 * `TarantoolInstance`.
 *
 * The servers belong to this process. A separate thread controls them. They end with the process, and do not keep it
 * alive. The `logger` is called in this thread. While a method blocks, it gets each new line before the method returns.
 * It gets other lines when Node processes its events.
 *
 * @example
 * const tarantool = new TarantoolSyncInstance({ appLua: './app.lua' }).start()
 * const [sum] = tarantool.eval('return ... + 1', 41)
 * tarantool.stop()
 */
export class TarantoolSyncInstance extends BlockingInstance implements Disposable {
  /** The server's log. */
  readonly log: SyncLogFile
  readonly #remote: Remote
  readonly #logger: Logger | undefined

  /**
   * Checks the options. Starts nothing.
   *
   * @param baseDir the directory that relative paths in the options start from. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
   */
  constructor(options: InstanceOptions = {}, baseDir: string = process.cwd()) {
    const remote = remoteInstance(options, baseDir)
    super(remote)
    this satisfies OwnMembers<TarantoolInstance, typeof ways>
    this.#remote = remote
    this.#logger = options.logger
    this.log = new SyncLogFile(remote.get('logFile') as string, remote.part('log'))
  }

  /** Finds a TCP port that is free now on 127.0.0.1. */
  static getRandomPort(): number {
    const limit = Number.POSITIVE_INFINITY
    return serverThread().ask({ kind: 'port' }, limit, () => new Error('unreachable')) as number
  }

  /**
   * The longest wait of `eval`, `call`, `command`, `status`, `reset`, `changes` and `waitStopped`, in milliseconds. After it they
   * throw a RequestTimeoutError, because nothing else could end the wait. Default 60000; `Infinity` for no limit. The
   * server does not learn this, and may go on with the request. The instance stays usable.
   */
  get requestTimeout(): number {
    return this.#remote.requestTimeout
  }

  set requestTimeout(milliseconds: number) {
    if (typeof milliseconds !== 'number' || !(milliseconds > 0)) {
      throw new InvalidOptionError(`requestTimeout must be more than 0 (milliseconds), not ${String(milliseconds)}`)
    }
    this.#remote.requestTimeout = milliseconds
  }

  /** The state of the instance. */
  get state(): InstanceState {
    return this.#remote.isThere ? (this.#remote.get('state') as InstanceState) : 'failed'
  }

  /** True if the server is ready for requests. */
  get isRunning(): boolean {
    return this.state === 'running'
  }

  /** The path of the server's log. */
  get logFile(): string {
    return this.log.path
  }

  /** The process that runs, or the last one. */
  get process(): TarantoolSyncProcess | undefined {
    const number = this.#remote.get('process') as number | undefined
    return number === undefined ? undefined : new TarantoolSyncProcess(this.#remote.part(number), this.log)
  }

  /** The option `logger`. */
  get logger(): Logger | undefined {
    return this.#logger
  }

  /**
   * Starts the server, and waits until the last line of its init script has run. A running server stays as it is.
   *
   * @returns the instance itself
   * @throws BoxCfgError, InitScriptError, SeedError, PortTakenError, ServerExitedError, ServerKilledError at once,
   *   StartTimeoutError after `timeout`. After an error no server runs, and no directory is left
   */
  start(options: StartOptions = {}): this {
    this.#remote.call('start', [options])
    return this
  }

  /**
   * Waits for a server that was started with `wait: false`.
   *
   * @param options `timeout` in milliseconds. After it the wait ends, and the start goes on. Default: the option
   *   `timeout`.
   */
  ready(options: { timeout?: number } = {}): this {
    this.#remote.call('ready', [options])
    return this
  }

  /**
   * Stops the server and starts it on the same address. The server keeps the data that its `walMode` wrote to disk,
   * unless `recreate` is true.
   */
  restart(options: { recreate?: boolean } = {}): this {
    this.#remote.call('restart', [options])
    return this
  }

  /** Stops the server: SIGTERM, then SIGKILL after `stopTimeout`. Works in every state. */
  stop(options: StopOptions = {}): void {
    this.#end('stop', options)
  }

  /** The same as `stop`. asynctnt has both names. */
  terminate(options: StopOptions = {}): void {
    this.#end('terminate', options)
  }

  /**
   * Ends the server with SIGKILL, and cleans up like `stop`. `{ cleanup: false }` keeps the directory in the state that
   * a crash leaves.
   */
  kill(options: StopOptions = {}): void {
    this.#end('kill', options)
  }

  /**
   * Waits until the server has ended, for any reason. Returns at once if no server runs.
   *
   * @param options `timeout` in milliseconds. Default: `requestTimeout`.
   * @returns the exit code or signal; undefined if the server was never started
   * @throws RequestTimeoutError
   */
  waitStopped({ timeout = this.requestTimeout }: { timeout?: number } = {}): ProcessExit | undefined {
    return this.#remote.call('waitStopped', [], timeout) as ProcessExit | undefined
  }

  /** Calls `stop()`, for `using`. */
  [Symbol.dispose](): void {
    this.stop()
  }

  // If the servers' thread has ended, its servers have ended too. The user's `finally` need not handle this.
  #end(name: 'stop' | 'terminate' | 'kill', options: StopOptions): void {
    if (this.#remote.isThere) this.#remote.call(name, [options])
  }

  /**
   * Runs Lua on the server's console, as its administrator.
   *
   * @param options `timeout` in milliseconds, default `requestTimeout`; `printGreeting`
   * @returns the values, or an empty list if there are none. Uuids, datetimes and similar values are strings, as on the
   *   console
   * @throws LuaError, BoxError; NotRunningError; ServerExitedError if the server ends first; RequestTimeoutError
   */
  command(
    lua: string,
    { timeout = this.requestTimeout, printGreeting }: Pick<CommandOptions, 'timeout' | 'printGreeting'> = {},
  ): unknown[] {
    return this.#remote.call('command', [lua, { timeout, printGreeting }]) as unknown[]
  }

  /**
   * Runs Lua over the binary protocol.
   *
   * @param args the values of `...` in the Lua
   * @returns the list of the values that it returns
   * @throws LuaError, BoxError; ProtocolError for a value that cannot be sent; NotRunningError, ServerExitedError;
   *   RequestTimeoutError after `requestTimeout`
   * @example
   * const [sum] = tarantool.eval<[number]>('return ... + 1', 41)
   */
  eval<Result extends unknown[] = unknown[]>(lua: string, ...args: unknown[]): Result {
    return this.#remote.call('eval', [lua, ...args], this.requestTimeout) as Result
  }

  /**
   * Calls a function of the application over the binary protocol.
   *
   * @param name of a global function, or a path such as `'box.space.users:count'`
   * @param args its arguments
   * @returns the list of the values that it returns
   * @throws the errors of `eval`
   * @example
   * const [count] = tarantool.call<[number]>('count_users')
   */
  call<Result extends unknown[] = unknown[]>(name: string, ...args: unknown[]): Result {
    return this.#remote.call('call', [name, ...args], this.requestTimeout) as Result
  }
}
