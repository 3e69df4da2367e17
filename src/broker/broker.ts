import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { type ResolvedFixture, type ResolvedServer, resolveOwnServer } from '../config/fixture-config.ts'
import { notWritable } from '../instance/failure/not-writable.ts'
import { sweepOnce } from '../instance/owner/sweep.ts'
import { checkSocketPath } from '../instance/place/addresses.ts'
import { makeDirectory, newDirectoryPath, removeDirectory } from '../instance/place/directory.ts'
import { defaultPlace } from '../instance/place/place.ts'
import { stopwatch, trace } from '../trace.ts'
import { FailedStarts } from './failed-starts.ts'
import { HeldServers } from './hold/held-servers.ts'
import type { Journal } from './journal.ts'
import type { WorkerIdentity } from './messages.ts'
import { overviewOf } from './overview.ts'
import { Pool } from './pool.ts'
import type { RunOverview } from './run-overview.ts'
import { unknownServer } from './unknown-server.ts'
import { type SessionOwner, WorkerSession } from './worker-session.ts'

export interface BrokerOptions {
  readonly fixture: ResolvedFixture
  /** Called when a test file gets no server, with the number of files that got none in this run. */
  readonly onRefused?: ((files: number) => void) | undefined
  /**
   * Reports every failure in full to every test file. Otherwise a repeated failure refers to its first report. Needed
   * by runners that may show only one of the failing files.
   */
  readonly tellsInFull?: boolean | undefined
  /** Follows what happens to the servers, for a report. Default: nobody does. */
  readonly journal?: Journal | undefined
  /** The servers of failed tests. Default: held if this process has a terminal, and outside CI. */
  readonly held?: HeldServers | undefined
}

/**
 * Owns the servers of a run and leases them to its workers. Workers connect to the broker over a unix socket in the
 * run's own directory.
 *
 * @example
 * const broker = await Broker.listen({ fixture: resolveFixture(config, process.cwd()) })
 * broker.prestart(4)
 * …
 * await broker.close()
 */
export class Broker implements SessionOwner {
  readonly #options: BrokerOptions
  readonly #directory: string
  readonly #since = Date.now()
  /** The servers of failed tests that run on. */
  readonly held: HeldServers
  /** The errors of ends. */
  readonly #problems: unknown[] = []
  readonly #socketServer: Server
  readonly #sessions = new Map<Socket, WorkerSession>()
  #fixture: ResolvedFixture
  #pools: Map<string, Pool>
  /** Pools of a single server, for files that bring their own config. */
  readonly #ownPools = new Set<Pool>()
  #failedStarts: FailedStarts
  #refused = 0
  #prestarted = 0
  #refusal: Error | undefined

  private constructor(options: BrokerOptions, directory: string) {
    this.#options = options
    this.#directory = directory
    this.#failedStarts = new FailedStarts(options)
    this.held = options.held ?? new HeldServers()
    this.#fixture = options.fixture
    this.#pools = this.#makePools(options.fixture)
    this.#socketServer = createServer(socket => this.#accept(socket))
  }

  /** Makes the run's directory and listens in it. Starts no server. */
  static async listen(options: BrokerOptions): Promise<Broker> {
    const place = defaultPlace()
    sweepOnce(place)
    const directory = newDirectoryPath(place)
    checkSocketPath(join(directory, 'broker.sock'), "broker's socket")
    makeDirectory(directory, { keep: false })
    const broker = new Broker(options, directory)
    try {
      broker.#socketServer.listen(broker.path)
      await once(broker.#socketServer, 'listening')
    } catch (error) {
      removeDirectory(directory)
      throw notWritable('cannot open the socket on which workers reach their servers', error)
    }
    broker.#socketServer.unref()
    trace(`the run begins in ${directory}`)
    return broker
  }

  /** The socket to which workers connect. */
  get path(): string {
    return join(this.#directory, 'broker.sock')
  }

  get journal(): Journal | undefined {
    return this.#options.journal
  }

  get serverNames(): string[] {
    return [...this.#pools.keys()]
  }

  /** Starts servers in the background until there are `count` of each name, within `maxServers`. */
  prestart(count: number): void {
    this.#prestarted = Math.max(this.#prestarted, count)
    for (const pool of this.#pools.values()) pool.prestart(this.#prestarted)
  }

  /**
   * Ends all servers and starts new servers, from another config if it is given. Called when a file that the servers
   * are made from has changed.
   */
  async reload(fixture: ResolvedFixture = this.#fixture): Promise<void> {
    this.#refusal = undefined
    this.#failedStarts = new FailedStarts(this.#options)
    const old = [...this.#pools.values()]
    this.#fixture = fixture
    this.#pools = this.#makePools(fixture)
    await Promise.all(old.map(pool => pool.close()))
    this.prestart(this.#prestarted)
  }

  /** Answers every lease with this error until the next reload: the config that the servers need is unknown. */
  refuse(error: Error): void {
    this.#refusal = error
  }

  /**
   * Called when the same servers serve another run of tests. Failed starts are tried again, and reported in full again.
   * The servers that the last run has held end.
   */
  async beginRun(): Promise<void> {
    this.#failedStarts.beginRun()
    this.#refused = 0
    this.#problems.push(...(await this.held.end()))
  }

  tell(error: unknown, file: string | undefined): unknown {
    return this.#failedStarts.tell(error, file)
  }

  overview(): RunOverview {
    const servers = [...this.#pools.values(), ...this.#ownPools].flatMap(pool => pool.servers)
    return {
      ...{ pid: process.pid, directory: process.cwd(), since: this.#since },
      servers: overviewOf(servers, [...this.#sessions.values()]),
      held: this.held.list,
    }
  }

  countRefused(): void {
    this.#refused++
    this.#options.onRefused?.(this.#refused)
  }

  pool(name: string): Pool {
    if (this.#refusal) throw this.#refusal
    const pool = this.#pools.get(name)
    if (pool) return pool
    throw unknownServer(name, this.serverNames)
  }

  ownPool(name: string, config: Record<string, unknown>, baseDir: string): Pool {
    const pool = new Pool({
      name,
      server: resolveOwnServer(this.#fixture, config, baseDir),
      root: this.#directory,
      maxServers: 1,
      failedStarts: this.#failedStarts,
      journal: this.journal,
      held: this.held,
    })
    this.#ownPools.add(pool)
    return pool
  }

  async closeOwnPool(pool: Pool): Promise<void> {
    await pool.close()
    this.#ownPools.delete(pool)
  }

  endEarlierSessions(worker: WorkerIdentity, current: WorkerSession): void {
    for (const session of this.#sessions.values()) {
      if (session !== current && session.belongsTo(worker)) session.close()
    }
  }

  /** Ends all leases, and all servers except for those that are held. The command line can still find these. */
  async endLeases(): Promise<void> {
    for (const session of this.#sessions.values()) session.close()
    const pools = [...this.#pools.values(), ...this.#ownPools]
    this.#problems.push(...(await Promise.all(pools.map(pool => pool.close()))).flat())
  }

  /**
   * Ends all servers and removes the run's directory.
   *
   * @returns the errors on the way. The rest was done in spite of them
   */
  async close(): Promise<unknown[]> {
    const time = stopwatch()
    this.#socketServer.close()
    await this.endLeases()
    this.#problems.push(...(await this.held.end()))
    try {
      removeDirectory(this.#directory)
    } catch (error) {
      this.#problems.push(error)
    }
    trace(`the run has ended: its servers are stopped and its directory is removed after ${time()}`)
    return this.#problems
  }

  #makePools({ servers, maxServers }: ResolvedFixture): Map<string, Pool> {
    const makePool = (name: string, server: ResolvedServer): Pool =>
      new Pool({
        ...{ name, server, root: this.#directory, maxServers },
        ...{ failedStarts: this.#failedStarts, journal: this.journal, held: this.held },
      })
    return new Map([...servers].map(([name, server]) => [name, makePool(name, server)]))
  }

  #accept(socket: Socket): void {
    socket.unref()
    const session = new WorkerSession(this, socket)
    this.#sessions.set(socket, session)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sessions.delete(socket)
      session.end()
    })
  }
}
