import type { ObservedDeath, ObservedStart, ProcessObserver } from '../config/process-observer.ts'
import { wallClock } from '../wall-clock.ts'
import type { LeasableServer } from './leasable-server.ts'
import { RecordedServer } from './recorded-server.ts'
import type { LeaseEvent, ReplacementEvent, RunEvent, WorkerEvent } from './run-events.ts'
import { isHarmless } from './server-signals.ts'

/** The facts about a lease that has just begun. */
export interface LeaseFacts {
  readonly file: string | undefined
  readonly worker: number | undefined
  /** When the worker asked for the server: see `wallClock`. */
  readonly asked: number
}

/** Tells what happens to one server. */
export class ServerJournal implements ProcessObserver {
  readonly #record: (event: RunEvent) => void
  /** The lease that the server has now. */
  #lease: LeaseEvent | undefined
  /** The names of processes to which a test sent a signal that ends them, so their end is no surprise. */
  readonly #signalled = new Set<string>()

  constructor(record: (event: RunEvent) => void) {
    this.#record = record
  }

  /** The same server, whose requests are told. */
  around(server: LeasableServer): LeasableServer {
    return new RecordedServer(server, this)
  }

  started(start: ObservedStart): void {
    this.#signalled.delete(start.instance)
    this.#record({ kind: 'start', ...start })
  }

  died(death: ObservedDeath): void {
    this.#record({ kind: 'death', ...death, isAsked: this.#signalled.has(death.instance) })
  }

  signalled(instance: string, signal: NodeJS.Signals): void {
    if (!isHarmless(signal)) this.#signalled.add(instance)
  }

  leased({ file, worker, asked }: LeaseFacts): void {
    this.leaseEnded()
    const at = wallClock()
    this.#lease = { kind: 'lease', at, took: undefined, waited: at - asked, file, worker }
    this.#record(this.#lease)
  }

  /** The file that has the server has this name. */
  named(file: string | undefined): void {
    if (this.#lease) this.#lease.file ??= file
  }

  /** The file has ended. The worker keeps the server until somebody else wants it, or until the file goes on. */
  offered(isOver: boolean): void {
    if (this.#lease) this.#lease.took = isOver ? wallClock() - this.#lease.at : undefined
  }

  leaseEnded(): void {
    if (this.#lease) this.#lease.took ??= wallClock() - this.#lease.at
    this.#lease = undefined
  }

  note(events: readonly WorkerEvent[], file: string | undefined): void {
    for (const event of events) this.#record(event.kind === 'test' ? { ...event, file } : event)
  }

  /** Measures a request that gives the server another process. */
  async replacing<Result>(by: ReplacementEvent['by'], act: () => Promise<Result>): Promise<Result> {
    const at = wallClock()
    try {
      return await act()
    } finally {
      this.#record({ kind: 'replacement', by, at, took: wallClock() - at })
    }
  }
}
