import type { BrokerClient } from '../broker/client.ts'
import type { BrokerTicket } from '../broker/messages.ts'
import { type Scope, type ServerUse, unknownFile } from '../isolation/scope.ts'
import { sharedValue } from '../shared-value.ts'
import type { LeasedServer } from './leased-server.ts'

/** The state of a worker. All copies of this package in the worker share it. */
export interface WorkerState {
  /** Connections by socket path. With `isolate: false` they outlive a file. */
  readonly clients: Map<string, BrokerClient>
  /** The brokers of the current file. */
  tickets: readonly BrokerTicket[]
  /** The leases of the current file, by the server's name. */
  readonly servers: Map<string, LeasedServer>
  /** Leases that were requested and have not arrived. */
  readonly leasing: Map<string, Promise<LeasedServer>>
  /** Tells the adapter that the file or suite that is being collected uses a server. */
  markUse: ((use: ServerUse) => void) | undefined
  /** The number of test files that this worker has begun. */
  file: number
  /** The servers that were used, before the current file was collected, through handles of other files. */
  usedEarly: ServerUse[]
  /** The current file and its suites, once they are collected. */
  scopes: readonly Scope[]
  /** The file or suite whose tests or hooks run. */
  scope: Scope
  /** The reason why the current file has no server. Set if one of the file's tests has to report the reason. */
  refusal: Error | undefined
  /** The running tests that run beside others. Empty for hooks of a file or suite, and for tests that run alone. */
  readonly concurrent: Set<object>
  /** The latest test, while it runs. */
  attempt: object | undefined
  /**
   * The timeout of the latest test in milliseconds, in the runner's own count. Undefined if the runner does not say.
   */
  testTimeout: number | undefined
  /** Test files are imported only to list their tests. No test runs, and no server exists. */
  listing: boolean
  /** The file has been imported, and its hooks and tests run. */
  isRunning: boolean
  /** The advice to the user if no setup ran. */
  setupHint: string | undefined
  /** The counter that numbers the servers for which test files bring a config. */
  ownServers: number
}

const key = Symbol.for('tarantool-fixture.worker')

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
    concurrent: new Set(),
    testTimeout: undefined,
    attempt: undefined,
    listing: false,
    isRunning: false,
    setupHint: undefined,
    ownServers: former?.ownServers ?? 0,
  }
}

/**
 * Shares the current file's state with all contexts of this worker. In a vm pool each file has its own context. A
 * module that several files share may still be evaluated only once, in the first file's context. All contexts see the
 * same `process`, so the state is kept there.
 */
export function beginContext(): void {
  const contexts = process as unknown as Contexts
  const former = contexts[key]
  if (former?.context !== globalThis) contexts[key] = { context: globalThis, state: newState(former?.state) }
}

/** The state of this worker. */
export function workerState(): WorkerState {
  return (process as unknown as Contexts)[key]?.state ?? sharedValue('worker', newState)
}
