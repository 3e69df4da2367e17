import type { ResolvedServer } from '../config/fixture-config.ts'
import type { LeasableServer } from './leasable-server.ts'
import type { RecordEvent, WorkerEvent } from './run-events.ts'
import { type LeaseFacts, ServerJournal } from './server-journal.ts'

/** Tells the report of a run what happens to its servers. A run without a report has no journal. */
export class Journal {
  readonly #record: RecordEvent
  readonly #servers = new WeakMap<LeasableServer, ServerJournal>()
  /** The number of servers of each name. */
  readonly #counts = new Map<string, number>()

  constructor(record: RecordEvent) {
    this.#record = record
  }

  /** Makes a server, and follows it from then on. */
  follow(options: ResolvedServer, name: string, make: (options: ResolvedServer) => LeasableServer): LeasableServer {
    const number = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, number)
    const lane = { name, number, isCluster: (options.application ?? options.replicaSet) !== undefined }
    const journal = new ServerJournal(event => this.#record(lane, event))
    const server = journal.around(make({ ...options, observer: journal }))
    this.#servers.set(server, journal)
    return server
  }

  /** A file got the lease of a server. */
  leased(server: LeasableServer, lease: LeaseFacts): void {
    this.#servers.get(server)?.leased(lease)
  }

  /** A file that has a server has ended, or goes on after all. */
  offered(server: LeasableServer, isOver: boolean): void {
    this.#servers.get(server)?.offered(isOver)
  }

  /** A worker tells what has happened. */
  note(server: LeasableServer, events: readonly WorkerEvent[], file: string | undefined): void {
    this.#servers.get(server)?.note(events, file)
  }
}
