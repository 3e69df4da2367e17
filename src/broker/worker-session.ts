import type { Socket } from 'node:net'
import type { ClusterConfig, ConfigOverlay } from '../config/application-options.ts'
import type { LeasableServer, ServerActions } from './leasable-server.ts'
import type { WorkerIdentity } from './messages.ts'
import { answerRequests, type Handlers } from './request-channel.ts'
import type { LeaseOverview, RunOverview } from './run-overview.ts'
import { type LeaseOwner, SessionLeases } from './session-leases.ts'

/** The broker, from a session's point of view. */
export interface SessionOwner extends LeaseOwner {
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
  readonly #leases: SessionLeases
  #isWithoutServer = false

  constructor(broker: SessionOwner, socket: Socket) {
    this.#broker = broker
    this.#socket = socket
    this.#leases = new SessionLeases(broker)
    answerRequests(socket, this.#handlers, () => this.end())
  }

  belongsTo({ pid, thread }: WorkerIdentity): boolean {
    const { worker } = this.#leases.holder
    return worker?.pid === pid && worker.thread === thread
  }

  /** The session's lease of a server; undefined if another session has it, or none. */
  leaseOf(server: LeasableServer): LeaseOverview | undefined {
    const since = this.#leases.since(server)
    const { file, worker } = this.#leases.holder
    return since === undefined ? undefined : { file, worker: worker?.pid, since }
  }

  /** Ends the session and its connection, because the worker has another connection, or the run is over. */
  close(): void {
    this.end()
    this.#socket.destroy()
  }

  /** Gives back all leases, also leases that have not arrived. */
  end(): void {
    this.#leases.end()
  }

  readonly #handlers: Handlers = {
    begin: async ({ worker, slot, file }) => {
      this.#isWithoutServer = false
      this.end()
      this.#leases.holder = { worker, slot, file }
      this.#broker.endEarlierSessions(worker, this)
      return null
    },
    nameFile: async ({ file }) => {
      this.#leases.holder = { ...this.#leases.holder, file }
      for (const server of this.#leases.servers) server.atTest({ file })
      return null
    },
    lease: async ({ server, config, baseDir }) => {
      try {
        return (await this.#leases.take(server, { config, baseDir })).server.info()
      } catch (error) {
        throw this.#tellWithoutServer(error)
      }
    },
    use: async ({ server }) => {
      this.#server(server).leaseUse.noteHandle()
      return null
    },
    offer: async () => {
      this.#leases.offer()
      return null
    },
    reclaim: async () => {
      this.#leases.reclaim()
      return null
    },
    release: async ({ server }) => {
      this.#leases.release(server)
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
      this.#server(server).atTest({ file: this.#file, test })
      return null
    },
    trace: async ({ server, step }) => {
      this.#server(server).trace(step)
      return null
    },
    note: async ({ server, events }) => {
      this.#broker.journal?.note(this.#server(server), events, this.#file)
      return null
    },
    failed: async ({ server, test, isNeeded }) =>
      await this.#server(server).testFailed({ test, testFile: this.#file, isNeeded }),
    isolate: async ({ server, operation, keep }) => await this.#server(server).cluster.ask(operation, keep),
    leader: async ({ server, replicaset, ...wait }) => await this.#server(server).cluster.leader(replicaset, wait),
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

  #tellWithoutServer(error: unknown): unknown {
    if (!this.#isWithoutServer) {
      this.#isWithoutServer = true
      // Count after the answer is sent, since the runner may end the run at once.
      setImmediate(() => this.#broker.countRefused())
    }
    return this.#broker.tell(error, this.#file)
  }

  #actions(name: string, member: string | undefined): ServerActions {
    const server = this.#server(name)
    return member === undefined ? server : server.cluster.member(member)
  }

  #server(name: string): LeasableServer {
    return this.#leases.server(name)
  }

  get #file(): string | undefined {
    return this.#leases.holder.file
  }
}
