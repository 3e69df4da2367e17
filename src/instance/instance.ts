import { join } from 'node:path'
import { fromCaller } from '../call-site.ts'
import type { Credentials, InstanceOptions, Logger } from '../config/options.ts'
import { placeInCluster, type ResolvedOptions, resolveOptions } from '../config/resolve.ts'
import type { InvalidOptionError, NotRunningError } from '../errors.ts'
import { type Changes, type ChangesOptions, changesNotRecorded, limitOf, readChanges } from '../isolation/changes.ts'
import { notRecording, resetAlone } from '../isolation/failures.ts'
import type { AgentOperation, AgentReply, MemberOperation } from '../isolation/server.ts'
import { type Link, uncallable } from '../link/fault.ts'
import { type CodeUnderFaults, FaultSequence } from '../link/fault-sequence.ts'
import { Front } from '../link/front.ts'
import { noLinks } from '../link/no-links.ts'
import { notOfInstance } from '../link/pairs.ts'
import type { FaultsOptions } from '../link/planned-faults.ts'
import { guarded } from '../log/follower.ts'
import type { LogFile, LogSlice, LogWait, LogWriter } from '../log/log-file.ts'
import type { Address, NamedAddress, ServerAddress } from '../protocol/address.ts'
import type { ServerConnections } from '../protocol/connections.ts'
import type { RequestOptions } from '../protocol/request-table.ts'
import { TarantoolVersion } from '../version/tarantool-version.ts'
import type { ProcessExit } from './control/exit.ts'
import type { ServerDetails, Standby } from './failure/details.ts'
import { errorOfEnd } from './failure/exit-failure.ts'
import { notRunning, portNotChosen } from './failure/not-running.ts'
import { faultActs } from './fault-acts.ts'
import { Handover } from './handover.ts'
import { type InstanceState, Lifecycle } from './lifecycle.ts'
import { forUri, type InstanceAddresses, toUri } from './place/addresses.ts'
import { freePort } from './place/port.ts'
import { Workspace } from './place/workspace.ts'
import type { TarantoolProcess } from './process.ts'
import { type FindLeader, Requests } from './requests/requests.ts'
import { Rewind } from './requests/rewind.ts'

/** Options of `start`. */
export interface StartOptions {
  /** Waits until the server is ready. With `false`, `start` waits only until the process runs. Default true. */
  wait?: boolean | undefined
  /** Begins with an empty directory. With `false`, the server finds the files of an earlier run. Default true. */
  recreate?: boolean | undefined
}

// In milliseconds. A request to the agent of a member waits for the others and for the queue of synchronous transactions, 5 s
// each. A server that takes longer than both is stuck: its Lua does not yield.
const longestAnswer = 15_000

/** Options of `stop`, `terminate` and `kill`. */
export interface StopOptions {
  /** Removes the directory, unless `keep` says otherwise. `false` leaves it for the next start. Default true. */
  cleanup?: boolean | undefined
}

/** Options of `command`. */
export interface CommandOptions extends RequestOptions {
  /**
   * Passes the two lines of the console's greeting (its version, and a hint) to the option `logger` before the command
   * runs. Default false (asynctnt: true).
   */
  printGreeting?: boolean | undefined
}

/**
 * Tells the constructor that the options were checked before. The constructor's public type does not know this class.
 */
class Resolved {
  readonly options: ResolvedOptions
  readonly front: Front | undefined

  constructor(options: ResolvedOptions, front: Front | undefined) {
    this.options = options
    this.front = front
  }
}

/**
 * A Tarantool server that the caller owns: one process and its directory, from start to end.
 *
 * The server is ready when the last line of its init script has run. It ends with the Node process that created it,
 * even if that process is killed, and leaves no files behind. The class does the work of Python's
 * `asynctnt.instance.TarantoolAsyncInstance`, and has its option names in camelCase.
 *
 * @example
 * const tarantool = await new TarantoolInstance({ appLua: './app.lua' }).start()
 * const [sum] = await tarantool.eval('return ... + 1', 41)
 * await tarantool.stop()
 */
export class TarantoolInstance implements AsyncDisposable {
  readonly #options: ResolvedOptions
  /** The link before the server's address. */
  readonly #front: Front | undefined
  readonly #ownsFront: boolean
  #link: Link | undefined
  readonly #workspace: Workspace
  readonly #lifecycle: Lifecycle
  readonly #requests: Requests
  readonly #rewind: Rewind
  readonly #handover: Handover

  /**
   * Checks the options. Starts nothing.
   *
   * @param baseDir the directory that relative paths in the options start from. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
   */
  constructor(options: InstanceOptions = {}, baseDir: string = process.cwd()) {
    this.#options = options instanceof Resolved ? options.options : resolveOptions(options, baseDir)
    const front = options instanceof Resolved ? options.front : undefined
    this.#front = front ?? (this.#options.links ? new Front() : undefined)
    this.#ownsFront = front === undefined
    this.#workspace = new Workspace(this.#options, this.#front)
    this.#lifecycle = new Lifecycle(this.#options, this.#workspace)
    const details = (): ServerDetails => this.#lifecycle.details()
    this.#requests = new Requests(details)
    this.#rewind = new Rewind(Math.min(this.#options.timeout, longestAnswer), details)
    this.#handover = new Handover({
      workspace: this.#workspace,
      lifecycle: this.#lifecycle,
      timeout: this.#options.timeout,
      command: (lua, options) => this.command(lua, options),
      addresses: () => this.#addresses(),
      disconnect: () => this.#disconnect(),
    })
    this.#lifecycle.onStopping = () => this.#disconnect()
    this.#lifecycle.onCleaned = () => {
      // No server of this instance is there to be healed for.
      const why = `the link of ${this.fingerprint} has ended: the server was stopped`
      if (this.#ownsFront) this.#front?.end(why).catch(() => {})
    }
  }

  /**
   * Makes an instance from options that were checked before.
   *
   * @internal
   * @param front the link that several instances have in turn. Default: a link of its own, if the options ask for one
   */
  static of(options: ResolvedOptions, front?: Front): TarantoolInstance {
    return new TarantoolInstance(new Resolved(options, front) as object)
  }

  /** Finds a TCP port that is free now on 127.0.0.1. */
  static getRandomPort(): Promise<number> {
    return freePort()
  }

  // ---- Properties ----

  /** The state of the instance. */
  get state(): InstanceState {
    return this.#lifecycle.state
  }

  /** True if the server is ready for requests. */
  get isRunning(): boolean {
    return this.state === 'running'
  }

  /**
   * True if an instance of a cluster was writable when it was ready.
   *
   * @internal
   */
  get beganWritable(): boolean {
    return this.#lifecycle.report?.is_read_only === false
  }

  /** The address that the server listens on; `'unix/'` if `port` is the path of a socket. */
  get host(): string {
    return this.#options.host
  }

  /**
   * The port, or the socket's path if the host is `'unix/'`. It stays the same over restarts.
   *
   * @throws NotRunningError if the fixture is to choose the port, and neither `start()` nor `prepare()` has run yet
   */
  get port(): number | string {
    const port = this.#workspace.addresses?.port ?? this.#options.port
    return port ?? this.#addresses().port
  }

  /**
   * `host:port`, or `user:password@host:port`: the form for clients, and for another server's `replicationSource`.
   * Characters that a URI cannot contain are percent-encoded. Tarantool's own clients do not decode them, and need user
   * and password apart from the URI.
   */
  get uri(): string {
    const { credentials, host } = this
    const account = credentials ? `${forUri(credentials.user)}:${forUri(credentials.password)}@` : ''
    return account + toUri(host, this.port)
  }

  /**
   * The account of all requests; undefined for guest. A server that cannot tell users apart (see the option `access`)
   * has a random password. In a sandbox on Linux, the fixture knows the account only after the first start.
   */
  get credentials(): Credentials | undefined {
    return this.#workspace.access.credentials
  }

  /** The ports of the option `ports`, by their names. */
  get ports(): { readonly [name: string]: number } {
    return this.#addresses().ports
  }

  /** The address of the console; `'unix/'` if `consolePort` is the path of a socket. */
  get consoleHost(): string {
    return this.#options.consoleHost
  }

  /** The port of the console, or its socket's path if `consoleHost` is `'unix/'`. */
  get consolePort(): number | string {
    return this.#addresses().console.port
  }

  /** The address and the account for a client on this machine. */
  get address(): ServerAddress {
    const { agent, binary } = this.#addresses()
    return { binary, console: agent, credentials: this.credentials }
  }

  /**
   * The link that clients pass on their way to `host` and `port`. Its faults end with `heal()`, and outlive a restart of
   * the server. Requests of the instance itself do not pass the link: `call` and `command` work while the link is cut.
   *
   * @throws InvalidOptionError without the option `links`
   * @example
   * const tarantool = await new TarantoolInstance({ links: true }).start()
   * await tarantool.link.cut()
   * await tarantool.link.heal()
   */
  get link(): Link {
    if (!this.#front) throw this.noLinks()
    this.#link ??= uncallable(this.#front.link, () =>
      notOfInstance(this.fingerprint, { isMember: placeInCluster(this.#options) !== undefined }),
    )
    return this.#link
  }

  /** The name of the instance in its cluster, `'default'` for a single server. */
  get name(): string {
    return this.#lifecycle.name
  }

  /**
   * True with the option `links`.
   *
   * @internal
   */
  get hasLinks(): boolean {
    return this.#front !== undefined
  }

  /**
   * Makes the error of a link that the instance does not have.
   *
   * @internal
   */
  noLinks(): InvalidOptionError {
    return placeInCluster(this.#options)
      ? noLinks(this.fingerprint, 'links: true', {}, 'its cluster')
      : noLinks(this.fingerprint, 'TarantoolInstance({ links: true })', this.#options)
  }

  /**
   * Makes faults of the server while code runs: kills and starts it, pauses it, and cuts and delays its link. When the code
   * ends, the server runs, and its link is healed. A seed determines the sequence.
   *
   * @param options `seed`: the same seed gives the same sequence, by default a random one; `kinds`: `kill`, `pause`, and
   *   with the option `links` also `cut` and `delay`; `longest`: the longest duration of a fault, and of the time between
   *   two, by default 200 ms; `longestDelay`: the longest delay of a link, by default 50 ms
   * @param code may be asynchronous. It gets the seed, and a list of the faults so far
   * @throws the error of the code, with the seed and the faults in its message; InvalidOptionError; NotRunningError
   *   if the server does not run, unless `kinds` has only faults of links; the errors of a start
   * @example
   * const tarantool = await new TarantoolInstance({ links: true, walMode: 'write' }).start()
   * await tarantool.faults({ seed: 42 }, async () => {
   *   // use a client that has to cope with the faults
   * })
   */
  async faults<Result>(options: FaultsOptions, code: CodeUnderFaults<Result>): Promise<Result> {
    return await new FaultSequence(faultActs(this), options).during(code)
  }

  /**
   * A signal of the process's owner has frozen the server.
   *
   * @internal
   */
  get isPaused(): boolean {
    return this.isRunning && this.process?.isPaused === true
  }

  /**
   * Says of a member of a replica set who is the leader, for the error of a write that the member refuses.
   *
   * @internal
   */
  set findLeader(findLeader: FindLeader) {
    this.#requests.findLeader = findLeader
  }

  /**
   * The server's name in messages: `Tarantool[127.0.0.1:34567]`, or `Tarantool 3[…]` if that `version` is asked for.
   */
  get fingerprint(): string {
    return this.#lifecycle.fingerprint
  }

  /**
   * The instance's directory. It exists from the first start to the stop. A start changes the path if another user has
   * already made a directory there.
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

  /** The process that runs, or the last one. */
  get process(): TarantoolProcess | undefined {
    return this.#lifecycle.process
  }

  /**
   * The server's process id on this machine while the server runs. Undefined for a container of another machine's
   * engine.
   */
  get pid(): number | undefined {
    return this.process && !this.process.exit ? this.process.serverPid : undefined
  }

  /** The option `logger`. */
  get logger(): Logger | undefined {
    return this.#options.logger
  }

  /** The sources of replication: one URI or several. A change takes effect at the next start. */
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
   * The value of `box.info.status`: `'running'`, or `'orphan'` for a server that replicates and is read-only because it
   * lacks sources. The server counts as ready, and as running, in both states.
   *
   * @throws NotRunningError
   */
  async status(): Promise<string> {
    const [status] = await this.command('box.info.status')
    return String(status)
  }

  /** The version of the program: `tarantool --version`, asked once per binary. */
  async binVersion(): Promise<TarantoolVersion> {
    return TarantoolVersion.of((await this.#lifecycle.version()).text)
  }

  // ---- Start and stop ----

  /**
   * Makes the directory and the init script, and chooses the port, without starting anything.
   *
   * @param options `recreate: false` keeps the files of an earlier run. Default true: the directory is empty.
   * @returns the path of the rendered init script
   */
  async prepare(options: { recreate?: boolean } = {}): Promise<string> {
    const { recreate = true } = options
    await this.#lifecycle.prepare(recreate)
    return join(this.workDir, 'init.lua')
  }

  /**
   * Starts the server, and waits until the last line of its init script has run. Calls at the same time share one
   * start. A running server stays as it is.
   *
   * @param options the state that the server begins with, and whether the call waits for the server
   * @returns the instance itself
   * @throws BoxCfgError, InitScriptError, SeedError, PortTakenError, ServerExitedError, ServerKilledError at once,
   *   StartTimeoutError after `timeout`. After an error no server runs, and no directory is left
   * @example
   * const tarantool = await new TarantoolInstance().start()
   */
  async start({ wait = true, recreate = true }: StartOptions = {}): Promise<this> {
    await this.#lifecycle.start(wait, recreate)
    return this
  }

  /**
   * Starts the server with its application, but does not let it listen, because another server still has its address.
   *
   * @internal
   * @throws the errors of `start`
   */
  async standBy(standby: Standby = {}): Promise<this> {
    this.#workspace.standby = standby
    await this.start()
    // A take-over needs modules and a connection, which are loaded and made before anybody waits for it. A server that
    // cannot take over ends in this time, like a server that ends while it stands by.
    await this.command('true', { timeout: this.#options.timeout }).catch(() => this.kill())
    return this
  }

  /**
   * Lets a server that stands by listen, after the previous server on its address has ended.
   *
   * @internal
   * @throws PortTakenError; ServerExitedError, NotRunningError if the server has ended itself. The failure does not end
   *   the server.
   */
  async takeOver(): Promise<void> {
    await this.#handover.takeOver()
  }

  /**
   * Gives up the address for a while. The server closes its clients' connections, and keeps running.
   *
   * @internal
   * @throws NotRunningError, RequestTimeoutError; ContainerEngineError if the engine does not free the ports. The
   *   server may have done a part of the work, and must be ended.
   */
  async stepAside(): Promise<void> {
    await this.#handover.stepAside()
  }

  /**
   * Takes the address back, after the other server on the address has ended.
   *
   * @internal
   * @throws the errors of `stepAside`. The server must then be ended, too.
   */
  async stepBack(): Promise<void> {
    await this.#handover.stepBack()
  }

  /**
   * Moves the server to addresses of its own, because another server gets its addresses. The server closes its clients'
   * connections, and keeps its data and its process.
   *
   * @internal
   * @throws NotRunningError, RequestTimeoutError, LuaError. The server may have done a part of the work, and must be ended.
   */
  async moveAway(): Promise<void> {
    await this.#handover.moveAway()
  }

  /**
   * Waits for a server that was started with `wait: false`. A replica becomes ready as soon as its source answers. An
   * orphan is ready, too: see `status()`.
   *
   * @param options `timeout` in milliseconds. After it the wait ends, and the start goes on. Default: the option
   *   `timeout`.
   * @throws the errors of `start`; NotRunningError if no start was begun
   */
  async ready({ timeout = this.#options.timeout }: { timeout?: number } = {}): Promise<this> {
    await this.#lifecycle.ready(timeout)
    return this
  }

  /**
   * Stops the server: SIGTERM, then SIGKILL after `stopTimeout`. Returns when the process has ended, and its directory
   * and sockets are removed. Works in every state. A start that is under way fails with StartAbortedError.
   *
   * @param options `cleanup: false` keeps the directory for the next start
   */
  async stop({ cleanup = true }: StopOptions = {}): Promise<void> {
    await this.#lifecycle.end('SIGTERM', cleanup)
  }

  /** The same as `stop`. asynctnt has both names. */
  async terminate(options: StopOptions = {}): Promise<void> {
    await this.stop(options)
  }

  /**
   * Ends the server with SIGKILL, and cleans up like `stop`.
   *
   * @param options `cleanup: false` keeps the directory in the state that a crash leaves
   */
  async kill({ cleanup = true }: StopOptions = {}): Promise<void> {
    await this.#lifecycle.end('SIGKILL', cleanup)
  }

  /**
   * Freezes the server: connections stay open, and the server does not answer. Works during a start, too. `resume()`,
   * `reset()` and `stop()` resume the server.
   *
   * @throws NotRunningError
   * @example
   * await tarantool.pause()
   * // Your client's calls time out here.
   * await tarantool.resume()
   */
  async pause(): Promise<void> {
    this.#signal('SIGSTOP')
  }

  /**
   * Resumes a paused server.
   *
   * @throws NotRunningError
   */
  async resume(): Promise<void> {
    this.#signal('SIGCONT')
  }

  /**
   * Stops the server and starts it on the same address.
   *
   * @param options `recreate: true` starts with an empty directory. Default false: the server keeps the data that its
   *   `walMode` wrote to disk.
   * @throws the errors of `start`
   */
  async restart({ recreate = false }: { recreate?: boolean } = {}): Promise<this> {
    await this.#lifecycle.restart(recreate)
    return this
  }

  /**
   * Waits until the server has ended, for any reason. Returns at once if no server runs.
   *
   * @returns the exit code or signal; undefined if the server was never started
   */
  async waitStopped(): Promise<ProcessExit | undefined> {
    await this.#lifecycle.ended()
    return this.process?.exit
  }

  /**
   * Removes the directory and the sockets of an instance that does not run, unless `keep` says otherwise.
   *
   * @throws NotRunningError if the server runs
   */
  async cleanup(): Promise<void> {
    this.#lifecycle.mustNotRun('cleanup')
    this.#lifecycle.clean()
  }

  /**
   * Gives the option `logger` all lines that were written until now.
   *
   * @internal
   */
  catchUpLog(): void {
    this.#lifecycle.catchUpLog()
  }

  /**
   * Describes the directory, which stays, for somebody who opens it later.
   *
   * @internal
   */
  noteKept(): void {
    this.#lifecycle.noteKept()
  }

  /**
   * Makes `keep: 'on-failure'` keep the directory, after a failure that the instance itself cannot see, such as a
   * failed test.
   */
  markFailed(): void {
    this.#lifecycle.markFailed()
  }

  /** Calls `stop()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // ---- Requests ----

  /**
   * Runs Lua on the server's console, as its administrator.
   *
   * @param lua one or more lines, which are one chunk. The result is the value of the expression, or the values that
   *   the chunk returns.
   * @param options `timeout` in milliseconds. Default: no limit while the server lives
   * @returns the values, or an empty list if there are none. Uuids, datetimes and similar values are strings, as on the
   *   console
   * @throws LuaError, BoxError; NotRunningError; ServerExitedError if the server ends first
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
   * @param args the values of `...` in the Lua
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
   * @param name of a global function, or a path such as `'box.space.users:count'`
   * @param args its arguments
   * @returns the list of the values that it returns
   * @throws the errors of `eval`
   * @example
   * const [count] = await tarantool.call<[number]>('count_users')
   */
  async call<Result extends unknown[] = unknown[]>(name: string, ...args: unknown[]): Promise<Result> {
    return (await this.#request(connections => connections.call(name, args))) as Result
  }

  /** The lines of the log from an offset on, in bytes. */
  async logs(slice?: LogSlice): Promise<string[]> {
    return await this.log.lines(slice)
  }

  /** The lines of the log that contain a text or match an expression. */
  async grepLog(pattern: string | RegExp, slice?: LogSlice): Promise<string[]> {
    return await this.log.grep(pattern, slice)
  }

  /**
   * Waits for a line that contains a text or matches an expression, and returns the line. A line that is already in the
   * log counts.
   *
   * @param options `timeout` in milliseconds, default 4000; `since` in bytes, default 0
   *
   * @throws LogTimeoutError; ServerExitedError as soon as the server ends without such a line
   */
  async waitForLog(pattern: string | RegExp, options?: LogWait): Promise<string> {
    return await fromCaller(this.waitForLog, async () => {
      const process = this.#lifecycle.logWriter
      return await this.log.waitFor(pattern, options, process && this.#logWriter(process, pattern))
    })
  }

  #logWriter(process: TarantoolProcess, pattern: string | RegExp): LogWriter {
    return {
      ended: process.exited,
      error: () => errorOfEnd(process, `logged what matches ${pattern}`, this.#lifecycle.details()),
      next: async () => {
        const next = await this.#lifecycle.writerAfter(process)
        return next && this.#logWriter(next, pattern)
      },
    }
  }

  // ---- Reset ----

  /**
   * Brings the server back to its state after the application and the seed were loaded. The cost grows with the number
   * of changes, and connections stay open. Some changes cannot be undone in place, such as a vinyl truncate or many
   * thousand changes. They cost a restart with an empty directory, on the same address. Needs `recordChanges: true`.
   *
   * @throws ResetError without `recordChanges`, and for an instance of a cluster, which is reset as a whole; NotRunningError
   * @example
   * const tarantool = await new TarantoolInstance({ appLua: './app.lua', recordChanges: true }).start()
   * afterEach(() => tarantool.reset())
   */
  async reset(): Promise<void> {
    const { process } = this
    if (placeInCluster(this.#options)) throw resetAlone(this.fingerprint)
    if (!this.isRunning || !process) throw this.#notRunning()
    if (!this.#options.recordChanges) {
      throw notRecording(this.fingerprint, 'Give it the option recordChanges: true.')
    }
    if (process.isPaused) process.sendSignal('SIGCONT')
    const { lost } = await this.#rewind.rewind(process, this.address.console)
    if (lost !== undefined) await this.restart({ recreate: true })
  }

  /**
   * Returns the changes since the application and the seed were loaded, or since the last `reset()`. Needs
   * `recordChanges: true`.
   *
   * @param options `limit`: the longest list of rows. Default 1000
   * @returns plain data in a stable order; `{ lost: 'the reason' }` if the server gave up its records, for instance
   *   after 10,000 changes
   * @throws NotRecordedError without `recordChanges`; NotRunningError; InvalidOptionError
   * @example
   * const tarantool = await new TarantoolInstance({ appLua: './app.lua', recordChanges: true }).start()
   * await tarantool.call('add_user', 1, 'ann@example.org')
   * const { spaces } = await tarantool.changes() // { users: { inserted: [[1, 'ann@example.org']] } }
   */
  async changes(options: ChangesOptions = {}): Promise<Changes> {
    const limit = limitOf(options)
    const { process } = this
    if (!this.isRunning || !process) throw this.#notRunning()
    if (!this.#options.recordChanges) {
      throw changesNotRecorded(this.fingerprint, 'nobody asked for that', 'Give it the option recordChanges: true.')
    }
    return readChanges(await this.#rewind.changes(process, this.address.console, limit), this.fingerprint)
  }

  /**
   * Asks the agent that records the changes, as a part of a reset of the whole cluster.
   *
   * @internal
   * @throws NotRunningError; ServerExitedError if the server ends first
   */
  async askAgent(operation: AgentOperation | MemberOperation, keep: number, terms?: string): Promise<AgentReply> {
    const { process } = this
    if (!this.isRunning || !process) throw this.#notRunning()
    return await this.#rewind.ask(process, this.address.console, operation, keep, terms)
  }

  /**
   * The number of this object's binary connections. Undefined if a request of theirs may still run.
   *
   * @internal
   */
  get answered(): number | undefined {
    return this.#requests.answered
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

  #signal(signal: NodeJS.Signals): void {
    if (this.process?.sendSignal(signal) !== true) throw this.#notRunning()
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
    const { address, fingerprint } = this
    const named = (one: Address): NamedAddress => ({ ...one, fingerprint })
    const { binary, console } = address
    return await this.#requests.send(process, { ...address, binary: named(binary), console: named(console) }, send)
  }
}
