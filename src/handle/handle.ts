import type { LeasedCluster, LeasedServerInfo } from '../broker/leased-info.ts'
import { fromCaller } from '../call-site.ts'
import type { ClusterConfig, ConfigOverlay } from '../config/application-options.ts'
import type { Isolation } from '../config/isolation.ts'
import type { AddedMemberOptions } from '../config/replica-set-options.ts'
import { LeaseError } from '../errors.ts'
import type { Changes, ChangesOptions } from '../isolation/changes.ts'
import type { LinkOfServer } from '../link/fault.ts'
import { loadModule } from '../load-module.ts'
import type { LogSlice, LogWait } from '../log/log-file.ts'
import type { ServerConnections } from '../protocol/connections.ts'
import type { RequestOptions } from '../protocol/request-table.ts'
import { TarantoolVersion } from '../version/tarantool-version.ts'
import { clusterOf, memberOf } from './cluster-member.ts'
import { versionBeforeLease } from './early-version.ts'
import type { HandleOrigin } from './handle-origin.ts'
import { inspectHandle, isolationOf, nameOf, shownProperties, viewOf } from './handle-view.ts'
import { leaseInTest } from './lease-in-test.ts'
import type { LeasedServer } from './leased-server.ts'
import { type CodeUnderFaults, type FaultsOptions, heal, linksOf, partition, underFaults } from './links.ts'
import { listedServer } from './listed-server.ts'
import { noteUse } from './note-use.ts'
import { usualLimit } from './usual-limit.ts'
import { workerState } from './worker-state.ts'

/**
 * The member for which the handle of a replica set stands: the latest leader that is known; the current one, if there is
 * one; or the current one, for whose election the request waits.
 */
type Lead = 'latest' | 'current' | 'needed'

type ClusterCalls = typeof import('./cluster-calls.ts')

const clusterCalls = (): Promise<ClusterCalls> => loadModule(() => import('./cluster-calls.ts'))

/**
 * A test's access to its worker's server. The main process owns the server. Requests go from the test straight to the
 * server. Calls that stop, start or signal the server go through the main process. The address never changes while the
 * test file runs.
 *
 * The handle of a replica set stands for the member that is the leader when the handle is used. Properties such as `port`
 * belong to the latest leader that is known: at the lease, at the latest request, or at the latest call of `leader()`.
 *
 * @example
 * const tarantool = useTarantool()
 * const [count] = await tarantool.call<[number]>('count_users')
 */
export class TarantoolHandle {
  static {
    // console.log() prints what this method returns. The types of a class cannot have a method of that name.
    Object.defineProperty(TarantoolHandle.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: TarantoolHandle, _depth: number, options: unknown, inspect: (value: unknown) => string): string {
        return inspectHandle(this.#origin, options, inspect)
      },
    })
  }

  readonly #origin: HandleOrigin
  /** The handles of the cluster's instances, by their names. They share this map, so tests can compare them with `===`. */
  readonly #byName: Map<string, TarantoolHandle>

  /** @internal */
  constructor(origin: HandleOrigin, byName: Map<string, TarantoolHandle> = new Map()) {
    this.#origin = origin
    this.#byName = byName
    // A spread copies own properties only.
    for (const name of shownProperties) {
      const get = (): unknown => Reflect.get(TarantoolHandle.prototype, name, this)
      Object.defineProperty(this, name, { enumerable: true, configurable: true, get })
    }
  }

  /** The server's name in the config, by default `'default'`. For an instance of a cluster, the instance's name. */
  get name(): string {
    return nameOf(this.#origin)
  }

  /** The isolation of the current test, or of the tests in the file. */
  get isolation(): Isolation {
    const isolation = isolationOf(this.#origin)
    if (isolation !== undefined) return isolation
    throw this.#notLeased()
  }

  /** The address that the server listens on; `'unix/'` if `port` is the path of a socket. */
  get host(): string {
    return this.#info().host
  }

  /** The port number, or the path of a socket if `host` is `'unix/'`. */
  get port(): number {
    return this.#info().port as number
  }

  /** The ports of the option `ports`, by their names. A server that replaces this one has the same ports. */
  get ports(): { readonly [name: string]: number } {
    return this.#info().ports
  }

  /** `host:port`, or `user:password@host:port`. Characters that a URI cannot contain are percent-encoded. */
  get uri(): string {
    return this.#info().uri
  }

  /** The account's name; undefined for guest. */
  get user(): string | undefined {
    return this.#info().user
  }

  /** The account's password; undefined for guest. */
  get password(): string | undefined {
    return this.#info().password
  }

  /**
   * The account, if the config asks for one or if the server cannot tell users apart. Undefined for guest, who then has
   * all rights.
   */
  get credentials(): { user: string; password: string } | undefined {
    const { user, password } = this.#info()
    return user === undefined ? undefined : { user, password: password ?? '' }
  }

  /** The address of the console; `'unix/'` if `consolePort` is the path of a socket. */
  get consoleHost(): string {
    return this.#info().consoleHost
  }

  /** The port of the console, or the path of its socket. */
  get consolePort(): number | string {
    return this.#info().consolePort
  }

  /** The process id. It changes with a restart. */
  get pid(): number {
    return this.#info().pid
  }

  /**
   * The server's version, `2.6.0-0-g47aa4e01e`: a text with `isAtLeast`, `major`, `minor` and `patch`. The version is
   * known at the top of a file, also with `lease: 'on-use'`. Two kinds of servers know it from the first hook on: a
   * server with its own `version` (`useTarantool({ config })`), and a container with `lease: 'on-use'`.
   *
   * @example
   * const tarantool = useTarantool()
   * test.runIf(tarantool.version.isAtLeast(2, 11))('uses what 2.11 has', async () => {})
   */
  get version(): TarantoolVersion {
    const text = this.#leased()?.info.version ?? versionBeforeLease(this.#origin)
    if (text !== undefined) return TarantoolVersion.of(text)
    throw this.#notLeased()
  }

  /** The server's directory. */
  get workDir(): string {
    return this.#info().workDir
  }

  /** The path of the server's log. */
  get logFile(): string {
    return this.#info().logFile
  }

  /**
   * Runs Lua on the server's console, as its administrator.
   *
   * @param lua one or more lines, which are one chunk. The result is the value of the expression, or the values that
   *   the chunk returns.
   * @param options `timeout` in milliseconds. Default: no limit while the server lives
   * @returns the values, or an empty list if there are none. Uuids, datetimes and similar values are strings, as on the
   *   console
   * @throws LuaError, BoxError; LeaseError, ConnectionError
   * @example
   * await tarantool.command('box.info.status') // ['running']
   */
  async command(lua: string, options: RequestOptions = {}): Promise<unknown[]> {
    return await fromCaller(this.command, () => this.#request(connections => connections.command(lua, options)))
  }

  /**
   * Runs Lua over the binary protocol.
   *
   * @param args the values of `...` in the Lua
   * @returns the list of the values that it returns
   * @throws LuaError, BoxError; ProtocolError for a value that cannot be sent; LeaseError, ConnectionError
   * @example
   * const [sum] = await tarantool.eval<[number]>('return ... + 1', 41)
   */
  async eval<Result extends unknown[] = unknown[]>(lua: string, ...args: unknown[]): Promise<Result> {
    return (await fromCaller(this.eval, () => this.#request(connections => connections.eval(lua, args)))) as Result
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
    return (await fromCaller(this.call, () => this.#request(connections => connections.call(name, args)))) as Result
  }

  /** The lines that the server logged since the current test began. With `{ since: 0 }`, all lines of the log. */
  async logs(slice?: LogSlice): Promise<string[]> {
    const server = await this.#reach()
    return await (await server.log()).lines({ since: server.marks.earliest, ...slice })
  }

  /** The lines since the current test began that contain a text or match an expression. */
  async grepLog(pattern: string | RegExp, slice?: LogSlice): Promise<string[]> {
    const server = await this.#reach()
    return await (await server.log()).grep(pattern, { since: server.marks.earliest, ...slice })
  }

  /**
   * Waits for a line that contains a text or matches an expression, and returns the line. A line that is already in the
   * log counts.
   *
   * @param options `timeout` in milliseconds: by default 4000, or less if the test's own timeout is below 5 s. `since`
   *   in bytes: by default the size of the log when the test began
   * @throws LogTimeoutError
   */
  async waitForLog(pattern: string | RegExp, options: LogWait = {}): Promise<string> {
    return await fromCaller(this.waitForLog, async () => {
      const server = await this.#reach()
      return await (await server.log()).waitFor(pattern, {
        since: server.marks.earliest,
        timeout: usualLimit(),
        ...options,
      })
    })
  }

  /**
   * Undoes changes. The place of the call decides which changes.
   *
   * - In a test with isolation `'reset'`: the changes of this test and of its `beforeEach`. Changes of `beforeAll` are
   *   kept.
   * - In a test with `'file'` or `'none'`: all changes since the first test of the file, or of the describe that asks
   *   for that isolation. Changes of the file's `beforeAll` are kept.
   * - In a test with `'restart'` or `'process'`: all changes since the test's own server started.
   * - In a hook of a suite: the changes of that suite's own hooks.
   * - At the top of a file or in its `beforeAll`: all changes since the application was loaded.
   *
   * In a cluster, the changes on all instances are undone, whichever instance's handle is used.
   *
   * @throws ResetError if the server does not record its changes: its config has isolation `'none'`, `'restart'` or
   *   `'process'`, and nothing in the file asks for another isolation. Also if the server had to be replaced, and
   *   changes of an outer `beforeAll` are lost
   * @example
   * await tarantool.call('import_users')
   * await tarantool.reset() // as if nothing had been imported
   */
  async reset(): Promise<void> {
    // The instances of a cluster go back together.
    await (await this.#reachPooled()).isolated.reset()
  }

  /**
   * Returns the changes since the test began: rows, schema, sequences, global variables, functions and options of
   * `box.cfg`. The changes are those that `reset()` would undo at this place. In a hook, they are the changes of the
   * hooks of its suite. With isolation `'file'`, they are the changes since the first test of the file.
   *
   * The answer is plain data in a stable order, for `toEqual` and snapshots. A row that has its first value again is no
   * change.
   *
   * @param options `limit`: the longest list of rows. Default 1000
   * @returns `{ lost: 'the reason' }` if the server gave up its records, for instance after 10,000 changes
   * @throws NotRecordedError if the server records nothing: its config has isolation `'none'`, `'restart'` or
   *   `'process'`; InvalidOptionError; ConnectionError
   * @example
   * await tarantool.call('add_user', 2, 'bob@example.org')
   * const { spaces } = await tarantool.changes()
   * // { users: { inserted: [{ id: 2, email: 'bob@example.org' }] } }
   */
  async changes(options: ChangesOptions = {}): Promise<Changes> {
    const server = await this.#reachWhole()
    const { changesForTest } = await loadModule(() => import('./changes.ts'))
    return await changesForTest(server, options)
  }

  /**
   * Returns the changes of one piece of code. Changes that other code makes meanwhile are among them.
   *
   * @param code may be asynchronous. Its error is thrown again
   * @param options `limit`: the longest list of rows. Default 1000
   * @throws the errors of `changes()`
   * @example
   * const tarantool = useTarantool()
   * const { spaces } = await tarantool.changesOf(() => tarantool.call('remove_user', 2))
   * // { users: { deleted: [{ id: 2, email: 'bob@example.org' }] } }
   */
  async changesOf(code: () => unknown, options: ChangesOptions = {}): Promise<Changes> {
    const server = await this.#reachWhole()
    const { changesOfCode } = await loadModule(() => import('./changes.ts'))
    return await changesOfCode(server, code, options)
  }

  /**
   * Stops the server and starts it on the same address.
   *
   * @param options `recreate: true` starts with an empty directory. Default false: the server keeps the data that its
   *   `walMode` wrote to disk.
   */
  async restart({ recreate = false }: { recreate?: boolean } = {}): Promise<void> {
    await (await this.#reachToChange()).restart(recreate)
  }

  /** Stops the server. The test does not count this as a crash. The next test finds a newly started server. */
  async stop(): Promise<void> {
    await (await this.#reachToChange()).stop()
  }

  /**
   * Starts a stopped server on the same address.
   *
   * @param options `recreate: true` starts with an empty directory. Default false: the server finds the data that it
   *   left on disk.
   */
  async start({ recreate = false }: { recreate?: boolean } = {}): Promise<void> {
    await (await this.#reachToChange('latest')).start(recreate)
  }

  /** Sends a signal, by default SIGKILL. After a SIGKILL, the call returns when the server has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await (await this.#reachToChange()).signal(signal)
  }

  /**
   * Freezes the server: connections stay open, and the server does not answer. The next test finds the server resumed.
   */
  async pause(): Promise<void> {
    await (await this.#reachToChange()).signal('SIGSTOP')
  }

  /** Resumes a paused server. */
  async resume(): Promise<void> {
    await (await this.#reachToChange('latest')).signal('SIGCONT')
  }

  /**
   * The link that clients pass on their way to `host` and `port`, with the option `links: true`. A fault of a test ends
   * with the test, a fault of `beforeAll` with its suite. Requests of the handle do not pass the link.
   *
   * In a cluster, `link(from, to)` is the link from an instance to another: the connections that the first opens to the
   * second.
   *
   * @throws InvalidOptionError without the option, for a link that does not exist, and for a negative number; LeaseError for
   *   `link(from, to)` if the server is a single one. The methods of a link throw them
   * @example
   * const tarantool = useTarantool()
   * await tarantool.link.cut() // for clients
   * await tarantool.link('storage-002', 'storage-001').delay(50)
   */
  get link(): LinkOfServer {
    return linksOf(() => this.#reachPooled(), this.#origin.member)
  }

  /**
   * Cuts the links between groups of instances of a cluster, in both directions. Instances in one group reach each other,
   * and an instance in no group reaches all. Ends with `heal()`, and with the test or suite.
   *
   * @throws InvalidOptionError without the option `links`, and for an instance that is unknown or in two groups; LeaseError
   *   if the server is a single one
   * @example
   * const tarantool = useTarantool()
   * await tarantool.partition(['storage-001'], ['storage-002', 'storage-003'])
   */
  async partition(...groups: readonly (readonly (TarantoolHandle | string)[])[]): Promise<void> {
    await partition(() => this.#reachPooled(), groups)
  }

  /**
   * Ends all faults of links that the file has made: of the server, or of the whole cluster.
   *
   * @throws InvalidOptionError without the option `links`
   */
  async heal(): Promise<void> {
    await heal(() => this.#reachPooled())
  }

  /**
   * Makes faults while code runs: kills and starts the server or instances of the cluster, pauses them, and cuts and delays
   * links. One fault holds at a time. When the code or the test ends, all servers run, and all links of the sequence are
   * healed. A seed determines the sequence.
   *
   * @param options `seed`: the same seed gives the same sequence, by default a random one; `kinds`: `kill`, `pause`, and
   *   with the option `links` also `cut` and `delay`; `longest`: the longest duration of a fault, and of the time between
   *   two, by default 200 ms; `longestDelay`: the longest delay of a link, by default 50 ms
   * @param code may be asynchronous. It gets the seed, and a list of the faults so far
   * @throws the error of the code, with the seed and the faults in its message; InvalidOptionError; NotRunningError
   *   if an instance does not run, unless `kinds` has only faults of links; the errors of a start
   * @example
   * const tarantool = useTarantool()
   * await tarantool.faults({ seed: 42 }, async () => {
   *   // use a client that has to cope with the faults
   * })
   */
  async faults<Result>(options: FaultsOptions, code: CodeUnderFaults<Result>): Promise<Result> {
    return await underFaults(() => this.#reachPooled(), options, code)
  }

  // ---- A cluster ----

  /**
   * The handle of an instance of the cluster: the same object for each call with the same name. It can be made before the
   * file has its server.
   *
   * @param name of the instance
   * @throws UnknownServerError at the first use, if the cluster has no such instance; LeaseError if the server is a single
   *   one
   * @example
   * const storage = useTarantool().instance('storage-001')
   */
  instance(name: string): TarantoolHandle {
    const handle =
      this.#byName.get(name) ?? new TarantoolHandle({ ...this.#origin, member: name ?? (null as never) }, this.#byName)
    this.#byName.set(name, handle)
    return handle
  }

  /**
   * The handles of the cluster's instances, sorted by their names.
   *
   * @throws LeaseError if the server is a single one
   * @example
   * const tarantool = useTarantool()
   * for (const instance of tarantool.instances) await instance.call('count_users')
   */
  get instances(): TarantoolHandle[] {
    return this.#cluster().instances.map(name => this.instance(name))
  }

  /** The names of the cluster's instances by replica set. @throws LeaseError if the server is a single one */
  get replicasets(): Record<string, string[]> {
    return Object.fromEntries(Object.entries(this.#cluster().replicasets).map(([name, names]) => [name, [...names]]))
  }

  /**
   * The handle of the writable instance of a replica set. Waits for an election that is under way. An instance that was
   * elected and is not yet writable does not count.
   *
   * @param replicaset its name. Default: the only replica set.
   * @throws ClusterConfigError or ReplicationError if no instance is writable; UnknownServerError; LeaseError if the server
   *   is a single one
   */
  async leader(replicaset?: string): Promise<TarantoolHandle> {
    return this.instance(await this.#onCluster(this.leader, (calls, server) => calls.leader(server, replicaset)))
  }

  /**
   * Waits for a writable instance of a replica set, for example after the leader was killed.
   *
   * @param options `not`: the former leader, a handle or a name, which does not count; `replicaset`: its name, by default
   *   that of `not`, else the only one; `timeout` in milliseconds: by default 4000, or less if the test's own timeout is
   *   below 5 s
   * @throws ReplicationError, which says which members do not run; UnknownServerError; LeaseError if the server is a single
   *   one
   * @example
   * const tarantool = useTarantool()
   * const former = await tarantool.leader()
   * await former.kill()
   * const leader = await tarantool.waitForLeader({ not: former })
   */
  async waitForLeader(
    options: {
      not?: TarantoolHandle | string | undefined
      replicaset?: string | undefined
      timeout?: number | undefined
    } = {},
  ): Promise<TarantoolHandle> {
    const wait = (calls: ClusterCalls, server: LeasedServer): Promise<string> => calls.waitForLeader(server, options)
    return this.instance(await this.#onCluster(this.waitForLeader, wait))
  }

  /**
   * Waits until all instances run, and replicate in both directions with each other instance of their replica set.
   *
   * @param options `timeout` in milliseconds, by default that of `waitForLeader`; `onlyRunning`: leaves out instances that
   *   do not run, or are paused. Default false.
   * @throws ReplicationError, which says what is missing; LeaseError if the server is a single one
   */
  async waitForFullMesh(
    options: { timeout?: number | undefined; onlyRunning?: boolean | undefined } = {},
  ): Promise<void> {
    await this.#onCluster(this.waitForFullMesh, (calls, server) => calls.waitForFullMesh(server, options))
  }

  /**
   * Waits until the other running instances of a replica set have all the data that one instance has now.
   *
   * @param of the instance, a handle or a name. Default: the leader of the only replica set.
   * @param options `timeout` in milliseconds, by default that of `waitForLeader`
   * @throws ReplicationError, which says which instance is behind; UnknownServerError; LeaseError if the server is a single
   *   one
   * @example
   * const tarantool = useTarantool()
   * await tarantool.call('add_user', 1, 'ann')
   * await tarantool.waitForVclock()
   * await tarantool.instance('default-2').call('count_users') // [1]
   */
  async waitForVclock(of?: TarantoolHandle | string, options: { timeout?: number | undefined } = {}): Promise<void> {
    await this.#onCluster(this.waitForVclock, (calls, server) => calls.waitForVclock(server, of, options))
  }

  /**
   * Adds a member to the replica set: it gets the data of the others, and they replicate with it. The next test finds a set
   * without it, unless its isolation is `'file'` or `'none'`.
   *
   * @param options the member's name, and the options that differ from those of the set
   * @throws InvalidOptionError if the set has such a member, if the options do not fit, or if the server has a config; the
   *   errors of a start; LeaseError if the server is a single one
   * @example
   * const tarantool = useTarantool()
   * const third = await tarantool.addReplica({ logLevel: 6 })
   */
  async addReplica(options: AddedMemberOptions = {}): Promise<TarantoolHandle> {
    return this.instance(await this.#onCluster(this.addReplica, (calls, server) => calls.addReplica(server, options)))
  }

  /**
   * Stops a member of the replica set, and makes the others forget it. The next test finds a set with it, unless its
   * isolation is `'file'` or `'none'`.
   *
   * @param member its handle, or its name
   * @throws UnknownServerError; InvalidOptionError if the member is the leader that the option `leader` chose, or the last
   *   one; ReplicationError if no other member is writable; LeaseError if the server is a single one
   */
  async remove(member: TarantoolHandle | string): Promise<void> {
    await this.#onCluster(this.remove, (calls, server) => calls.removeReplica(server, member))
  }

  /**
   * Lets all running instances of the cluster apply another config, or the application's own config, which is read again.
   * Options of `set` are laid over the config, as before. The next test finds the application's own config, unless its
   * isolation is `'file'` or `'none'`.
   *
   * @param config the path of another YAML file, or a config as an object. A relative path starts from the application's
   *   directory. Default: the application's own file.
   * @throws ClusterConfigError with Tarantool's own message, or if the config lacks an instance of the cluster. The config
   *   stays as it was; InvalidOptionError; LeaseError if the server is a single one
   * @example
   * const tarantool = useTarantool()
   * await tarantool.reload('config.maintenance.yaml')
   */
  async reload(config?: string | ClusterConfig): Promise<void> {
    await this.#onCluster(this.reload, (calls, server) => calls.reload(server, config))
  }

  /**
   * Lays options over the cluster's config, in addition to the option `set`, and lets all running instances apply them.
   * The next test finds a cluster without them, unless its isolation is `'file'` or `'none'`.
   *
   * @throws InvalidOptionError if Tarantool does not know an option, or if the config does not have the group, the
   *   replica set or the instance of a path; ClusterConfigError; LeaseError if the server is a single one
   * @example
   * const tarantool = useTarantool()
   * await tarantool.set({ 'replication.timeout': 0.1 })
   */
  async set(overlay: ConfigOverlay): Promise<void> {
    await this.#onCluster(this.set, (calls, server) => calls.set(server, overlay))
  }

  /** Returns the properties for `console.log` and JSON, without a password. Needs no lease. */
  toJSON(): Record<string, unknown> {
    return viewOf(this.#origin)
  }

  /**
   * Waits until the current file has the server, and counts the file as a user of the server.
   *
   * @internal
   */
  async ready(): Promise<void> {
    if (!workerState().listing) await this.#reach()
  }

  // A file that is only listed reads addresses too, at its top level.
  #info(): LeasedServerInfo {
    if (workerState().listing) return listedServer
    const server = this.#leased()
    if (server) return server.info
    throw this.#notLeased()
  }

  // The server of the config, also from the handle of one instance.
  get #pooled(): LeasedServer | undefined {
    return workerState().servers.get(this.#origin.use.server)
  }

  #cluster(): LeasedCluster {
    const server = this.#pooled
    if (!server) throw this.#notLeased()
    return clusterOf(server.info)
  }

  async #onCluster<Result>(
    method: (...args: never[]) => unknown,
    act: (calls: ClusterCalls, server: LeasedServer) => Promise<Result>,
  ): Promise<Result> {
    const { attempt } = workerState()
    return await fromCaller(method, async () => {
      const calls = await clusterCalls()
      return await calls.ofTest(attempt, method.name, await this.#reachPooled(), server => act(calls, server))
    })
  }

  // Requests of the whole cluster go to the cluster, also from the handle of one instance.
  async #reachPooled(): Promise<LeasedServer> {
    await this.#reachToChange('latest')
    const server = this.#pooled
    if (!server) throw this.#notLeased()
    return server
  }

  async #request<Result>(send: (connections: ServerConnections) => Promise<Result>): Promise<Result> {
    return await (await this.#reachToChange('needed')).request(send)
  }

  // The changes of a replica set are those of its leader, for whom the whole set stands.
  async #reachWhole(): Promise<LeasedServer> {
    const server = await this.#reachToChange('latest')
    const { use, member } = this.#origin
    return member === undefined ? (workerState().servers.get(use.server) ?? server) : server
  }

  async #reachToChange(lead?: Lead): Promise<LeasedServer> {
    const server = await this.#reach(lead)
    server.noteUse()
    // The use of an instance is a use of its cluster.
    this.#pooled?.noteUse()
    return server
  }

  // Asynchronous calls can take the lease themselves. Several files may share a module that was evaluated for another
  // file. In that case nothing else has taken the lease for this file.
  async #reach(lead: Lead = 'current'): Promise<LeasedServer> {
    const { attempt } = workerState()
    const known = this.#leased()
    const whole = known ? this.#pooled : await leaseInTest(this.#origin)
    if (!whole) throw this.#notLeased()
    const { member } = this.#origin
    if (member !== undefined || whole.leader === undefined || lead === 'latest') return memberOf(whole, member)
    return await (await clusterCalls()).findLead(whole, lead === 'needed', attempt)
  }

  #leased(): LeasedServer | undefined {
    noteUse(this.#origin)
    const server = this.#pooled
    return server && memberOf(server, this.#origin.member)
  }

  #notLeased(): LeaseError {
    return new LeaseError(`server '${this.#origin.use.server}' is not leased yet`, {
      hint: "Read its properties in hooks and tests: with lease: 'on-use' or useTarantool({ config }), it exists from the first hook on.",
    })
  }
}
