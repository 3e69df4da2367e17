import type { BrokerClient } from '../broker/client.ts'
import type { Isolation } from '../config/fixture-config.ts'
import type { LeasedServer } from './leased-server.ts'

/** What the main process tells the workers about one broker: plain JSON. */
export interface BrokerTicket {
  /** Its socket; undefined when files are only listed and nothing runs. */
  readonly path: string | undefined
  readonly servers: readonly string[]
  readonly lease: 'file' | 'on-use'
}

/** A use of a server in a file or describe, with an isolation of its own. */
export interface IsolatedUse {
  readonly server: string
  readonly isolation: Isolation
}

/** What a worker knows; it is shared by all copies of this package that a runner may load into one worker. */
export interface WorkerState {
  /** Connections by socket path. With `isolate: false` they outlive a file. */
  readonly clients: Map<string, BrokerClient>
  /** The brokers of the current file. */
  tickets: readonly BrokerTicket[]
  /** The leases of the current file, by the server's name. */
  readonly servers: Map<string, LeasedServer>
  /** The uses that apply now and ask for an isolation: that of the innermost takes the place of the config's. */
  readonly isolation: IsolatedUse[]
  /** Test files are imported to list their tests: nothing runs, no server is there. */
  listing: boolean
  /** The file has been imported, and its hooks and tests run. */
  isRunning: boolean
  /** Numbers the servers that test files bring a config for. */
  ownServers: number
}

const key = Symbol.for('tarantool-fixture.worker')

/** The state of this worker. */
export function workerState(): WorkerState {
  const holder = globalThis as { [key]?: WorkerState }
  holder[key] ??= {
    clients: new Map(),
    tickets: [],
    servers: new Map(),
    isolation: [],
    listing: false,
    isRunning: false,
    ownServers: 0,
  }
  return holder[key]
}
