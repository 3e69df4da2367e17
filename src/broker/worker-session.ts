import type { Socket } from 'node:net'
import type { ClusterConfig, ConfigOverlay } from '../config/application-options.ts'
import { LeaseError } from '../errors.ts'
import { stopwatch } from '../trace.ts'
import { wallClock } from '../wall-clock.ts'
import type { Journal } from './journal.ts'
import type { LeasableServer, ServerActions } from './leasable-server.ts'
import type { WorkerIdentity } from './messages.ts'
import type { Lease, Pool } from './pool.ts'
import { answerRequests, type Handlers } from './request-channel.ts'
import type { LeaseOverview, RunOverview } from './run-overview.ts'

/** The broker, from a session's point of view. */
export interface SessionOwner {
  readonly journal: Journal | undefined
  /** The pool for a name in the config. @throws UnknownServerError */
  pool(name: string): Pool
  /** A pool of one server, for one lease, with a config of its own. */
  ownPool(name: string, config: Record<string, unknown>, baseDir: string): Pool
  closeOwnPool(pool: Pool): Promise<void>
  /** Ends the leases that a worker has from earlier connections. */
  endEarlierSessions(worker: WorkerIdentity, current: WorkerSession): void
  /**
   * The error for a test file that gets no server. The first file in a run gets the full report, later files a reference
   * to it.
   */
  tell(error: unknown, file: string | undefined): unknown
  /** Counts a test file that cannot run. */
  countRefused(): void
  overview(): RunOverview
}

/** One connection of a worker, and its leases. The leases end with the connection. */
export class WorkerSession {
  readonly #broker: SessionOwner
  readonly #socket: Socket
  readonly #leases = new Map<string, Lease>()
  readonly #leasedSince = new WeakMap<LeasableServer, number>()
  readonly #coming = new Map<string, Promise<Lease>>()
  #worker: WorkerIdentity | undefined
  #slot = 0
  #fileName: string | undefined
  #isWithoutServer = false
  /** The number of files that this connection began. A lease that comes too late for its file is given back. */
  #file = 0

  constructor(broker: SessionOwner, socket: Socket) {
    this.#broker = broker
    this.#socket = socket
    answerRequests(socket, this.#handlers, () => this.end())
  }

  belongsTo({ pid, thread }: WorkerIdentity): boolean {
    return this.#worker?.pid === pid && this.#worker.thread === thread
  }

  /** The session's lease of a server; undefined if another session has it, or none. */
  leaseOf(server: LeasableServer): LeaseOverview | undefined {
    if (![...this.#leases.values()].some(lease => lease.server === server)) return undefined
    return { file: this.#fileName, worker: this.#worker?.pid, since: this.#leasedSince.get(server) ?? 0 }
  }

  /** Ends the session and its connection, because the worker has another connection, or the run is over. */
  close(): void {
    this.end()
    this.#socket.destroy()
  }

  /** Gives back all leases, also leases that have not arrived. */
  end(): void {
    this.#file++
    for (const lease of this.#leases.values()) lease.release()
    this.#leases.clear()
    this.#coming.clear()
  }

  readonly #handlers: Handlers = {
    begin: async ({ worker, slot, file }) => {
      this.#worker = worker
      this.#slot = slot
      this.#fileName = file
      this.#isWithoutServer = false
      this.end()
      this.#broker.endEarlierSessions(worker, this)
      return null
    },
    nameFile: async ({ file }) => {
      this.#fileName = file
      for (const { server } of this.#leases.values()) server.atTest({ file })
      return null
    },
    lease: async ({ server, config, baseDir }) => {
      const take = (): Promise<Lease> =>
        config ? this.#leaseOwn(server, config, baseDir) : this.#broker.pool(server).lease(this.#slot)
      try {
        return (await this.#lease(server, take)).server.info()
      } catch (error) {
        throw this.#tellWithoutServer(error)
      }
    },
    use: async ({ server }) => {
      this.#server(server).leaseUse.noteHandle()
      return null
    },
    offer: async () => {
      for (const lease of this.#leases.values()) {
        this.#broker.journal?.offered(lease.server, true)
        lease.offer()
      }
      return null
    },
    reclaim: async () => {
      for (const [name, lease] of this.#leases) {
        if (!lease.reclaim()) {
          throw new LeaseError(`server '${name}' was given to another test file before this file had begun`, {
            hint: 'A file that waits while it is imported blocks other files. Wait in a beforeAll instead.',
          })
        }
        this.#broker.journal?.offered(lease.server, false)
      }
      return null
    },
    release: async ({ server }) => {
      this.#leases.get(server)?.release()
      this.#leases.delete(server)
      return null
    },
    ensure: async ({ server, member }) => await this.#actions(server, member).ensure(),
    start: async ({ server, member, recreate }) => await this.#actions(server, member).start(recreate),
    restart: async ({ server, member, recreate, record }) =>
      await this.#actions(server, member).restart(recreate, record),
    renew: async ({ server }) => await this.#server(server).renew(),
    stepAside: async ({ server, spare }) => await this.#server(server).stepAside(spare),
    comeBack: async ({ server }) => await this.#server(server).comeBack(),
    stop: async ({ server, member }) => {
      await this.#actions(server, member).stop()
      return null
    },
    signal: async ({ server, member, signal }) => {
      await this.#actions(server, member).signal(signal as NodeJS.Signals)
      return null
    },
    fault: async ({ server, fault, places, isUndo }) => {
      await this.#server(server).makeFault(fault, places, isUndo)
      return null
    },
    crash: async ({ server, member }) => await this.#actions(server, member).crashReport(),
    atTest: async ({ server, test }) => {
      this.#server(server).atTest({ file: this.#fileName, test })
      return null
    },
    trace: async ({ server, step }) => {
      this.#server(server).trace(step)
      return null
    },
    note: async ({ server, events }) => {
      this.#broker.journal?.note(this.#server(server), events, this.#fileName)
      return null
    },
    failed: async ({ server, test, isNeeded }) =>
      await this.#server(server).testFailed({ test, testFile: this.#fileName, isNeeded }),
    isolate: async ({ server, operation, keep }) => await this.#server(server).cluster.ask(operation, keep),
    leader: async ({ server, replicaset }) => await this.#server(server).cluster.leader(replicaset),
    waitForLeader: async ({ server, ...wait }) => await this.#server(server).cluster.waitForLeader(wait),
    waitForFullMesh: async ({ server, ...wait }) => {
      await this.#server(server).cluster.waitForFullMesh(wait)
      return null
    },
    waitForVclock: async ({ server, of, ...wait }) => {
      await this.#server(server).cluster.waitForVclock(of, wait)
      return null
    },
    addReplica: async ({ server, options }) => {
      const name = await this.#server(server).cluster.addReplica(options)
      return { name, info: this.#server(server).info() }
    },
    remove: async ({ server, member }) => {
      await this.#server(server).cluster.remove(member)
      return this.#server(server).info()
    },
    reload: async ({ server, config }) => {
      await this.#server(server).cluster.reload(config as string | ClusterConfig | undefined)
      return null
    },
    set: async ({ server, overlay }) => {
      await this.#server(server).cluster.set(overlay as ConfigOverlay)
      return null
    },
    overview: async () => this.#broker.overview(),
  }

  /** The session's lease of a name, also if it has not arrived: concurrent tests may ask for one at the same time. */
  async #lease(name: string, take: () => Promise<Lease>): Promise<Lease> {
    const known = this.#leases.get(name) ?? this.#coming.get(name)
    if (known) return await known
    const coming = this.#receive(name, take)
    this.#coming.set(name, coming)
    try {
      return await coming
    } finally {
      if (this.#coming.get(name) === coming) this.#coming.delete(name)
    }
  }

  async #receive(name: string, take: () => Promise<Lease>): Promise<Lease> {
    const file = this.#file
    const time = stopwatch()
    const asked = wallClock()
    const lease = await take()
    if (file !== this.#file) {
      lease.release()
      throw new LeaseError(`the lease of server '${name}' came when its test file had ended`)
    }
    this.#leases.set(name, lease)
    this.#leasedSince.set(lease.server, Date.now())
    this.#broker.journal?.leased(lease.server, { file: this.#fileName, worker: this.#worker?.pid, asked })
    lease.server.atTest({ file: this.#fileName })
    lease.server.trace(`leased by worker ${this.#worker?.pid} after ${time()}`)
    return lease
  }

  #tellWithoutServer(error: unknown): unknown {
    if (!this.#isWithoutServer) {
      this.#isWithoutServer = true
      // Count after the answer is sent, since the runner may end the run at once.
      setImmediate(() => this.#broker.countRefused())
    }
    return this.#broker.tell(error, this.#fileName)
  }

  #actions(name: string, member: string | undefined): ServerActions {
    const server = this.#server(name)
    return member === undefined ? server : server.cluster.member(member)
  }

  #server(name: string): LeasableServer {
    const lease = this.#leases.get(name)
    if (!lease) throw new LeaseError(`this test file has no lease of server '${name}'`)
    return lease.server
  }

  async #leaseOwn(name: string, config: Record<string, unknown>, baseDir: string | undefined): Promise<Lease> {
    const pool = this.#broker.ownPool(name, config, baseDir ?? process.cwd())
    const close = (): void => {
      this.#broker.closeOwnPool(pool).catch(() => {})
    }
    try {
      const { server } = await pool.lease(this.#slot)
      return { server, release: close, offer: close, reclaim: () => true }
    } catch (error) {
      close()
      throw error
    }
  }
}
