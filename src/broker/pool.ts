import type { ResolvedServer } from '../config/fixture-config.ts'
import { LeaseError } from '../errors.ts'
import { trace } from '../trace.ts'
import { isCluster } from './cluster-maker.ts'
import { FailedStarts, kindOf } from './failed-starts.ts'
import { HeldServers } from './hold/held-servers.ts'
import type { Journal } from './journal.ts'
import type { LeasableServer } from './leasable-server.ts'
import { PooledCluster } from './pooled-cluster.ts'
import { PooledServer } from './pooled-server.ts'

/** A server that a worker has leased. */
export interface Lease {
  readonly server: LeasableServer
  /** Gives the server back. A second call does nothing. */
  release(): void
  /**
   * Offers the server to other files, since its test file has ended. Leftovers of the file may still run. The worker
   * keeps the server until another file waits for one: a worker that is not isolated may stay idle until the run ends.
   */
  offer(): void
  /** Continues the test file after `offer`. Returns true if the lease still has its server. */
  reclaim(): boolean
}

interface Waiting {
  readonly slot: number
  readonly take: (server: LeasableServer) => void
  readonly refuse: (error: Error) => void
}

const noHeldServers = new HeldServers('without-terminal')

export interface PoolOptions {
  readonly name: string
  readonly server: ResolvedServer
  /** The directory for the instances' directories. */
  readonly root: string
  /** The largest number of servers. Default: no limit. */
  readonly maxServers?: number | undefined
  /** The run's memory of failed starts. Default: empty. */
  readonly failedStarts?: FailedStarts | undefined
  /** Set in a run that makes a report. */
  readonly journal?: Journal | undefined
  /** The run's servers of failed tests. Default: none, and no server is held. */
  readonly held?: HeldServers | undefined
}

/**
 * The servers of one name. A server has one lease at most. A lease gets the server of its worker's slot. If that server
 * is taken, because runners may give two files one slot, the lease gets another server, or a new one.
 */
export class Pool {
  readonly options: PoolOptions
  readonly #servers = new Set<LeasableServer>()
  readonly #free = new Set<LeasableServer>()
  readonly #waiting: Waiting[] = []
  /** The functions that end the leases whose servers are offered. */
  readonly #offered = new Set<() => void>()
  readonly #failedStarts: FailedStarts
  readonly #kind: string
  #closed = false

  constructor(options: PoolOptions) {
    this.options = options
    this.#failedStarts = options.failedStarts ?? new FailedStarts()
    this.#kind = kindOf(options.server)
  }

  get servers(): readonly LeasableServer[] {
    return [...this.#servers]
  }

  get size(): number {
    return this.#servers.size
  }

  /** Starts servers in the background until there are `count`, but no more than the limit. */
  prestart(count: number): void {
    if (this.#failedStarts.reason(this.#kind)) return
    for (let slot = this.size + 1; slot <= count && this.#mayGrow(); slot++) {
      const server = this.#add(slot)
      this.#free.add(server)
      server.prestart()
    }
  }

  /**
   * Leases a running server. Waits while all servers are leased and the limit is reached.
   *
   * @throws the error of the failed start. If no such server can start, throws the first start's error without another
   *   try.
   */
  async lease(slot: number): Promise<Lease> {
    if (this.#closed) throw new LeaseError(`the test run has ended, and its server '${this.options.name}' with it`)
    const server = await this.#take(slot)
    server.slot = slot
    try {
      await this.#makeRun(server)
    } catch (error) {
      await this.#drop(server)
      throw error
    }
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      this.#offered.delete(release)
      this.#giveBack(server)
    }
    const offer = (): void => {
      if (this.#waiting.length > 0) release()
      else if (!released) this.#offered.add(release)
    }
    const reclaim = (): boolean => {
      this.#offered.delete(release)
      return !released
    }
    return { server, release, offer, reclaim }
  }

  /** Ends all servers. Resolves to the errors on the way. */
  async close(): Promise<unknown[]> {
    this.#closed = true
    const gone = new LeaseError(`the servers named '${this.options.name}' were ended while a test file waited for one`)
    for (const { refuse } of this.#waiting.splice(0)) refuse(gone)
    const ends = await Promise.allSettled([...this.#servers].map(server => server.destroy()))
    this.#servers.clear()
    this.#free.clear()
    return ends.flatMap(end => (end.status === 'rejected' ? [end.reason] : []))
  }

  async #makeRun(server: LeasableServer): Promise<void> {
    const reason = server.isBegun ? undefined : this.#failedStarts.reason(this.#kind)
    if (reason) throw reason
    try {
      await server.ensure()
      this.#failedStarts.cameUp(this.#kind)
    } catch (error) {
      this.#failedStarts.failed(this.#kind, error)
      throw error
    }
  }

  #mayGrow(): boolean {
    return this.size < (this.options.maxServers ?? Number.POSITIVE_INFINITY)
  }

  #add(slot: number): LeasableServer {
    const { name, server, root, journal, held = noHeldServers } = this.options
    const make = (options: ResolvedServer): LeasableServer => {
      return isCluster(options)
        ? new PooledCluster(name, slot, options, { root, held })
        : new PooledServer(name, slot, options, { root, held })
    }
    const added = journal ? journal.follow(server, name, make) : make(server)
    this.#servers.add(added)
    return added
  }

  async #take(slot: number): Promise<LeasableServer> {
    if (this.#free.size === 0 && !this.#mayGrow()) {
      for (const release of [...this.#offered].slice(0, 1)) release()
    }
    const free = [...this.#free]
    const found = free.find(server => server.slot === slot) ?? free[0]
    if (found) {
      this.#free.delete(found)
      return found
    }
    if (this.#mayGrow()) return this.#add(slot)
    const { name } = this.options
    trace(`all ${this.size} servers named '${name}' are leased: worker ${slot} waits`)
    return await new Promise((take, refuse) => this.#waiting.push({ slot, take, refuse }))
  }

  #giveBack(server: LeasableServer): void {
    if (this.#closed) return
    server.leaseEnded()
    this.#hand(server)
  }

  #hand(server: LeasableServer): void {
    const waiting = this.#waiting.shift()
    if (waiting) waiting.take(server)
    else this.#free.add(server)
  }

  async #drop(server: LeasableServer): Promise<void> {
    this.#servers.delete(server)
    // The reason why the server could not be leased is the error to report. The next file that waits still gets its
    // chance.
    await server.destroy().catch(() => {})
    const waiting = this.#waiting.shift()
    if (waiting && !this.#closed) waiting.take(this.#add(waiting.slot))
  }
}
