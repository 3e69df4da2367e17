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
  /** Counts the test files that this worker has begun. */
  file: number
  /** What was used by handles of other files before the current one was collected. */
  usedEarly: ServerUse[]
  /** The current file and its suites, once they are collected. */
  scopes: readonly Scope[]
  /** The one whose tests or hooks run. */
  scope: Scope
  /** Why the current file has no server, where one of its tests is to say so. */
  refusal: Error | undefined
  /** The test that began last runs beside others. */
  concurrent: boolean
  /** The test that began last, while it runs. */
  attempt: object | undefined
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

interface Holder {
  [key]?: WorkerState
}

interface Contexts {
  [key]?: { readonly context: unknown; readonly state: WorkerState }
}

function newState(former?: WorkerState): WorkerState {
  return {
    clients: new Map(),
    tickets: [],
    servers: new Map(),
    leasing: new Map(),
    markUse: undefined,
    file: former?.file ?? 0,
    usedEarly: [],
    scopes: [],
    scope: unknownFile,
    refusal: undefined,
    concurrent: false,
    testTimeout: undefined,
    attempt: undefined,
    listing: false,
    isRunning: false,
    setupHint: undefined,
    ownServers: former?.ownServers ?? 0,
  }
}

/**
 * Makes the state of the file that begins the one of all contexts of this worker. In a vm pool each file has a context of its
 * own, but a module that several files share may be evaluated once, in the context of the first; `process` is the same in all.
 */
export function beginContext(): void {
  const contexts = process as unknown as Contexts
  const former = contexts[key]
  if (former?.context !== globalThis) contexts[key] = { context: globalThis, state: newState(former?.state) }
}

/** The state of this worker. */
export function workerState(): WorkerState {
  const known = (process as unknown as Contexts)[key]
  if (known) return known.state
  const holder = globalThis as Holder
  holder[key] ??= newState()
  return holder[key]
}
