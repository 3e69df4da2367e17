import type { BrokerClient } from '../broker/client.ts'
import type { BrokerTicket } from '../broker/messages.ts'
import { type Scope, type ServerUse, unknownFile } from '../isolation/scope.ts'
import type { LeasedServer } from './leased-server.ts'

/** What a worker knows; it is shared by all copies of this package that a runner may load into one worker. */
export interface WorkerState {
  /** Connections by socket path. With `isolate: false` they outlive a file. */
  readonly clients: Map<string, BrokerClient>
  /** The brokers of the current file. */
  tickets: readonly BrokerTicket[]
  /** The leases of the current file, by the server's name. */
  readonly servers: Map<string, LeasedServer>
  /** Leases that are on their way. */
  readonly leasing: Map<string, Promise<LeasedServer>>
  /** Tells the adapter that the file or suite that is being collected uses a server. */
  markUse: ((use: ServerUse) => void) | undefined
  /** The current file and its suites, once they are collected. */
  scopes: readonly Scope[]
  /** The one whose tests or hooks run. */
  scope: Scope
  /** Why the current file has no server, where one of its tests is to say so. */
  refusal: Error | undefined
  /** The test that began last runs beside others. */
  concurrent: boolean
  /** The test that began last. */
  attempt: object
  /** How long the test that began last may take, in milliseconds, as the runner counts; undefined where it does not say. */
  testTimeout: number | undefined
  /** Test files are imported to list their tests: nothing runs, no server is there. */
  listing: boolean
  /** The file has been imported, and its hooks and tests run. */
  isRunning: boolean
  /** What to do where no setup ran. */
  setupHint: string | undefined
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
    leasing: new Map(),
    markUse: undefined,
    scopes: [],
    scope: unknownFile,
    refusal: undefined,
    concurrent: false,
    testTimeout: undefined,
    attempt: {},
    listing: false,
    isRunning: false,
    setupHint: undefined,
    ownServers: 0,
  }
  return holder[key]
}
