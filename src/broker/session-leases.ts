import { LeaseError } from '../errors.ts'
import { stopwatch } from '../trace.ts'
import { wallClock } from '../wall-clock.ts'
import type { Journal } from './journal.ts'
import type { LeasableServer } from './leasable-server.ts'
import type { WorkerIdentity } from './messages.ts'
import type { Lease, Pool } from './pool.ts'

/** The broker, as the leases of a session need it. */
export interface LeaseOwner {
  readonly journal: Journal | undefined
  /** The pool for a name in the config. @throws UnknownServerError */
  pool(name: string): Pool
  /** A pool of one server, for one lease, with a config of its own. */
  ownPool(name: string, config: Record<string, unknown>, baseDir: string): Pool
  closeOwnPool(pool: Pool): Promise<void>
}

/** The test file that holds the leases, and its worker. */
export interface Holder {
  readonly worker?: WorkerIdentity
  /** The number of the worker among those that run at the same time. */
  readonly slot: number
  /** The path of the test file, once it is known. */
  readonly file?: string | undefined
}

/** A config of its own, and the directory that its paths start from. */
interface OwnConfig {
  readonly config?: Record<string, unknown> | undefined
  readonly baseDir?: string | undefined
}

/** The leases of one connection of a worker, by the name of the server. */
export class SessionLeases {
  readonly #broker: LeaseOwner
  readonly #held = new Map<string, Lease>()
  readonly #since = new WeakMap<LeasableServer, number>()
  readonly #coming = new Map<string, Promise<Lease>>()
  /** The number of times that all leases have ended. A lease that comes too late for its file is given back. */
  #ends = 0
  holder: Holder = { slot: 0 }

  constructor(broker: LeaseOwner) {
    this.#broker = broker
  }

  /** The time at which a server was leased, as `Date.now()` gives it; undefined for a server that is not leased here. */
  since(server: LeasableServer): number | undefined {
    const isHeld = this.servers.includes(server)
    return isHeld ? (this.#since.get(server) ?? 0) : undefined
  }

  get servers(): LeasableServer[] {
    return [...this.#held.values()].map(({ server }) => server)
  }

  /** @throws LeaseError if the test file has no lease of this name */
  server(name: string): LeasableServer {
    const lease = this.#held.get(name)
    if (!lease) throw new LeaseError(`this test file has no lease of server '${name}'`)
    return lease.server
  }

  /** The lease of a name, also if it has not arrived: concurrent tests may ask for one at the same time. */
  async take(name: string, own: OwnConfig): Promise<Lease> {
    const known = this.#held.get(name) ?? this.#coming.get(name)
    if (known) return await known
    const coming = this.#receive(name, own)
    this.#coming.set(name, coming)
    try {
      return await coming
    } finally {
      if (this.#coming.get(name) === coming) this.#coming.delete(name)
    }
  }

  /** Lets other test files have the servers until this file begins. */
  offer(): void {
    for (const lease of this.#held.values()) {
      this.#broker.journal?.offered(lease.server, true)
      lease.offer()
    }
  }

  /** Takes the servers back that were offered. @throws LeaseError if another test file has one */
  reclaim(): void {
    for (const [name, lease] of this.#held) {
      if (!lease.reclaim()) {
        throw new LeaseError(`server '${name}' was given to another test file before this file had begun`, {
          hint: 'A file that waits while it is imported blocks other files. Wait in a beforeAll instead.',
        })
      }
      this.#broker.journal?.offered(lease.server, false)
    }
  }

  release(name: string): void {
    this.#held.get(name)?.release()
    this.#held.delete(name)
  }

  /** Gives back all leases, also leases that have not arrived. */
  end(): void {
    this.#ends++
    for (const lease of this.#held.values()) lease.release()
    this.#held.clear()
    this.#coming.clear()
  }

  async #receive(name: string, own: OwnConfig): Promise<Lease> {
    const ends = this.#ends
    const time = stopwatch()
    const asked = wallClock()
    const lease = await this.#ask(name, own)
    if (ends !== this.#ends) {
      lease.release()
      throw new LeaseError(`the lease of server '${name}' came when its test file had ended`)
    }
    const { file, worker } = this.holder
    this.#held.set(name, lease)
    this.#since.set(lease.server, Date.now())
    this.#broker.journal?.leased(lease.server, { file, worker: worker?.pid, asked })
    lease.server.atTest({ file })
    lease.server.trace(`leased by worker ${worker?.pid} after ${time()}`)
    return lease
  }

  async #ask(name: string, { config, baseDir = process.cwd() }: OwnConfig): Promise<Lease> {
    const { slot } = this.holder
    if (!config) return await this.#broker.pool(name).lease(slot)
    const pool = this.#broker.ownPool(name, config, baseDir)
    const close = (): void => {
      this.#broker.closeOwnPool(pool).catch(() => {})
    }
    try {
      const { server } = await pool.lease(slot)
      return { server, release: close, offer: close, reclaim: () => true }
    } catch (error) {
      close()
      throw error
    }
  }
}
