import { threadId } from 'node:worker_threads'
import type { BrokerTicket } from '../broker/messages.ts'
import { isUsedIn, type Scope, unknownFile } from '../isolation/scope.ts'
import { clearEnvironment } from './environment.ts'
import type { ShownError } from './failure-log.ts'
import type { LeasedServer } from './leased-server.ts'
import { clientOf, isToRecord, leaseServer } from './leases.ts'
import type { TestOutcome } from './server-notes.ts'
import { reportServers } from './server-report.ts'
import { workerServers } from './worker-servers.ts'
import { workerState } from './worker-state.ts'

// One after the other, in the order of the config. Otherwise two workers could wait for each other's servers for ever.
async function leaseAll(names: readonly string[]): Promise<void> {
  for (const name of names) await leaseServer(name)
}

/**
 * Begins a test file in this worker. The leases of the previous file end. Leases that are due before the import are
 * taken, and their addresses go into the environment.
 *
 * @param slot the number of this worker among the workers that can be busy at once, from 1
 */
export async function beginTestFile(tickets: readonly BrokerTicket[], slot: number, file?: string): Promise<void> {
  const state = workerState()
  for (const server of state.servers.values()) {
    server.close()
    // A file that leases no server must not find the address of another file's server.
    clearEnvironment(server.info)
  }
  state.servers.clear()
  state.leasing.clear()
  state.file++
  state.scopes = []
  state.scope = unknownFile
  state.usedEarly = []
  state.attempt = undefined
  state.concurrent.clear()
  state.isRunning = false
  state.tickets = tickets
  state.listing = tickets.length > 0 && tickets.every(({ path }) => path === undefined)
  const worker = { pid: process.pid, thread: threadId }
  const begin = async ({ path, servers, lease }: BrokerTicket): Promise<void> => {
    if (path === undefined) return
    const begun = clientOf(state, path).request('begin', { worker, slot, file })
    // The broker carries out requests in their order, so the leases need not wait for the answer.
    await Promise.all([begun, lease === 'file' && leaseAll(servers)])
  }
  try {
    for (const ticket of tickets) await begin(ticket)
  } catch (error) {
    // No hook of the file is going to give back the leases that it already has.
    await endTestFile()
    throw error
  }
}

/**
 * Called after all hooks and tests of a file.
 *
 * @param errors of hooks around all of the file's tests. They get the lines that the servers logged
 * @param outcomes all tests of the file, also those that did not begin
 * @throws ServerExitedError if a server has died outside the tests
 */
export async function endTests(errors: readonly ShownError[], outcomes?: () => TestOutcome[]): Promise<void> {
  const { scope } = workerState()
  for (const server of workerServers()) {
    server.faults?.explain(scope, errors)
    // Code of a hook that took too long may still run, and make faults.
    await server.faults?.stop(scope)
  }
  const servers = workerServers().filter(({ isolated }) => isolated.watch.life.is !== 'crashed')
  const logSince = (server: LeasedServer): number => server.marks.first
  const notes = workerServers().flatMap(server => server.notes ?? [])
  notes[0]?.addOthers(outcomes?.() ?? [], notes)
  await reportServers(servers, { scope, errors, when: 'outside the tests', logWhen: 'during this file', logSince })
}

/** Ends a test file, after its last hook. The worker may live on without another file. */
export async function endTestFile(): Promise<void> {
  await endingOfFile().finish()
}

/** The two ways in which a test file ends. */
export interface FileEnding {
  /** Ends the file after its last hook. The worker may get no further file and still keep running. */
  finish(): Promise<void>
  /** Also closes the file's connections, if the worker keeps nothing for its next file. */
  close(): Promise<void>
}

/** Ends the current file. The result still works after the runner has emptied the file's globals. */
export function endingOfFile(): FileEnding {
  const { clients, servers } = workerState()
  const finish = async (): Promise<void> => {
    const open = [...clients.values()].filter(({ isOpen }) => isOpen)
    // A broker that has ended has also ended the leases.
    await Promise.allSettled(open.map(client => client.request('offer', {})))
  }
  const close = async (): Promise<void> => {
    await finish()
    for (const server of servers.values()) server.close()
    for (const client of clients.values()) client.close()
  }
  return { finish, close }
}

/** Tells the broker the name of the file. Nobody waits for the answer. */
export function nameTestFile(file: string): void {
  for (const client of workerState().clients.values()) client.request('nameFile', { file }).catch(() => {})
}

/** Continues a file that had ended. @throws LeaseError if another file has the server now */
export async function resumeTestFile(): Promise<void> {
  for (const client of workerState().clients.values()) await client.request('reclaim', {})
}

/**
 * Called when the file has been collected, before its hooks and tests run, with its own scope and the scopes of its
 * suites.
 */
export async function beginHooks(scopes: readonly Scope[]): Promise<void> {
  const state = workerState()
  state.isRunning = true
  state.scopes = scopes
  state.scope = scopes[0] ?? unknownFile
  for (const use of state.usedEarly.splice(0)) {
    if (!scopes.some(scope => isUsedIn(scope, use.server))) scopes[0]?.uses.push(use)
  }
  for (const server of state.servers.values()) {
    if (isToRecord(server)) await server.isolated.beginFile(true)
  }
}
