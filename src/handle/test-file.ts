import { threadId } from 'node:worker_threads'
import { BrokerClient } from '../broker/client.ts'
import type { BrokerTicket } from '../broker/messages.ts'
import { nearestName } from '../config/nearest-name.ts'
import { SetupError, UnknownServerError } from '../errors.ts'
import { demandIn, isUsedIn, type Scope, unknownFile } from '../isolation/scope.ts'
import { clearEnvironment, setEnvironment } from './environment.ts'
import type { ShownError } from './failure-log.ts'
import { LeasedServer } from './leased-server.ts'
import { checkSendable } from './sendable-config.ts'
import { reportServers } from './server-report.ts'
import { type WorkerState, workerState } from './worker-state.ts'

function clientOf(state: WorkerState, path: string): BrokerClient {
  const known = state.clients.get(path)
  if (known?.isOpen) return known
  const client = new BrokerClient(path)
  state.clients.set(path, client)
  return client
}

/**
 * Begins a test file in this worker: the leases of the file before it end, and those that are due before the file is
 * imported are taken, with their addresses in the environment.
 *
 * @param slot which of the workers that can be busy at once this is, from 1 on
 */
export async function beginTestFile(tickets: readonly BrokerTicket[], slot: number, file?: string): Promise<void> {
  const state = workerState()
  for (const server of state.servers.values()) {
    server.close()
    // A file that leases none must not find the address of another file's.
    clearEnvironment(server.name)
  }
  state.servers.clear()
  state.leasing.clear()
  state.scopes = []
  state.scope = unknownFile
  state.isRunning = false
  state.tickets = tickets
  state.listing = tickets.length > 0 && tickets.every(({ path }) => path === undefined)
  const worker = { pid: process.pid, thread: threadId }
  const begin = async ({ path, servers, lease }: BrokerTicket): Promise<void> => {
    if (path === undefined) return
    await clientOf(state, path).request('begin', { worker, slot, file })
    if (lease !== 'file') return
    // One after the other, in the order of the config: two workers that wait for what the other has would wait for ever.
    for (const name of servers) await leaseServer(name)
  }
  try {
    for (const ticket of tickets) await begin(ticket)
  } catch (error) {
    // No hook of the file is going to give back what it has already.
    await endTestFile()
    throw error
  }
}

/**
 * After all hooks and tests of a file.
 *
 * @param errors of hooks around all of the file's tests: they get what the servers logged
 * @throws ServerExitedError when a server has died outside the tests
 */
export async function endTests(errors: readonly ShownError[]): Promise<void> {
  const servers = [...workerState().servers.values()].filter(server => server.isolated.watch.life.is !== 'crashed')
  const logSince = (server: LeasedServer): number => server.marks.first
  await reportServers(servers, { errors, when: 'outside the tests', logWhen: 'during this file', logSince })
}

/** Ends a test file, after its last hook. The worker may have no other file to run, and yet live on. */
export async function endTestFile(): Promise<void> {
  const clients = [...workerState().clients.values()].filter(({ isOpen }) => isOpen)
  // A broker that is gone has ended the leases.
  await Promise.allSettled(clients.map(client => client.request('finish', {})))
}

/** Closes what a test file has open, where the worker keeps nothing for the next one. */
export function closeTestFile(): void {
  const { servers, clients } = workerState()
  for (const server of servers.values()) server.close()
  for (const client of clients.values()) client.close()
}

/** The broker that has a server of this name. @throws SetupError, UnknownServerError */
export function ticketOf(name: string): BrokerTicket {
  const { tickets, setupHint } = workerState()
  if (tickets.length === 0) {
    throw new SetupError('this test run has no Tarantool: no global setup of tarantool-fixture ran for this project', {
      hint: setupHint,
    })
  }
  const ticket = tickets.find(({ servers }) => servers.includes(name))
  if (ticket) return ticket
  const names = tickets.flatMap(({ servers }) => servers)
  const near = nearestName(name, names)
  throw new UnknownServerError(`there is no server '${name}'`, {
    hint: near ? `Did you mean '${near}'?` : `The servers are: ${names.join(', ')}.`,
  })
}

/** Takes the lease of a server for the current file; the one that it has, if it has one. */
export async function leaseServer(name: string): Promise<LeasedServer | undefined> {
  const { path } = ticketOf(name)
  return path === undefined ? undefined : await lease(path, name, {})
}

/** The file has been collected, and its hooks and tests run: its own scope, and those of its suites. */
export async function beginHooks(scopes: readonly Scope[]): Promise<void> {
  const state = workerState()
  state.isRunning = true
  state.scopes = scopes
  state.scope = scopes[0] ?? unknownFile
  for (const server of state.servers.values()) {
    if (isToRecord(server)) await server.isolated.beginFile(true)
  }
}

// Some suite wants its changes undone, whatever the config says. Once tests run it would be too late to begin with that.
function isToRecord(server: LeasedServer): boolean {
  const isWanted = (scope: Scope): boolean => ['reset', 'file'].includes(demandIn(scope, server.info).isolation)
  return !server.info.records && workerState().scopes.some(isWanted)
}

/** Takes the lease of a server within a test, which is then the first to have it in this file. */
export async function leaseServerInTest(name: string): Promise<void> {
  const state = workerState()
  if (state.servers.has(name)) return
  const server = await leaseServer(name)
  const error = server && (await beginServerTest(server, state.attempt))
  if (error) throw error
}

/** The error of a test that runs beside others, and uses a server that is to be its own. */
export function refuseConcurrent(scope: Scope, server: LeasedServer): SetupError | undefined {
  const { isolation } = demandIn(scope, server.info)
  if (!isUsedIn(scope, server.name) || isolation === 'file' || isolation === 'none') return undefined
  const name = server.name === 'default' ? '' : ` '${server.name}'`
  return new SetupError(`concurrent tests share their file's server${name}, whose isolation is '${isolation}'`, {
    hint: "Give them isolation: 'file', as in useTarantool({ isolation: 'file' }): what they change is undone when the file has ended.",
  })
}

/**
 * Makes a server what the test that begins is to find.
 *
 * @returns what is wrong with it
 */
export async function beginServerTest(server: LeasedServer, attempt: object): Promise<Error | undefined> {
  const { scope, concurrent } = workerState()
  const demand = demandIn(scope, server.info)
  const refusal = concurrent ? refuseConcurrent(scope, server) : undefined
  if (refusal) return refusal
  try {
    return await server.beginTest(attempt, demand)
  } catch (error) {
    return error as Error
  }
}

/** Takes the lease of a server of the file's own, made from a config. */
export async function leaseOwnServer(
  name: string,
  config: Record<string, unknown>,
  baseDir: string,
): Promise<LeasedServer | undefined> {
  checkSendable(config)
  const [ticket] = workerState().tickets
  return ticket?.path === undefined ? undefined : await lease(ticket.path, name, { config, baseDir })
}

/** Gives a server back before the file ends. */
export async function releaseServer(name: string): Promise<void> {
  const state = workerState()
  const server = state.servers.get(name)
  const [ticket] = state.tickets
  if (!server || ticket?.path === undefined) return
  state.servers.delete(name)
  server.close()
  await clientOf(state, ticket.path).request('release', { server: name })
}

function lease(
  path: string,
  name: string,
  own: { config?: Record<string, unknown>; baseDir?: string },
): Promise<LeasedServer> {
  const { servers, leasing } = workerState()
  const known = servers.get(name) ?? leasing.get(name)
  if (known) return Promise.resolve(known)
  const coming = takeLease(path, name, own).finally(() => {
    if (leasing.get(name) === coming) leasing.delete(name)
  })
  leasing.set(name, coming)
  return coming
}

async function takeLease(
  path: string,
  name: string,
  own: { config?: Record<string, unknown>; baseDir?: string },
): Promise<LeasedServer> {
  const state = workerState()
  const client = clientOf(state, path)
  const info = await client.request('lease', { server: name, ...own }).catch((error: Error) => {
    // Our own hooks have asked: none of the frames is the user's. Jest takes lines of Lua for more of them, and shows the
    // message alone where there is no stack at all.
    error.stack = ''
    throw error
  })
  const server = new LeasedServer(client, info)
  try {
    await server.isolated.beginFile(isToRecord(server))
  } catch (error) {
    server.close()
    throw error
  }
  state.servers.set(name, server)
  if (!own.config) setEnvironment(info)
  return server
}
