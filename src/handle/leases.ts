import { BrokerClient } from '../broker/client.ts'
import type { BrokerTicket } from '../broker/messages.ts'
import { unknownServer } from '../broker/unknown-server.ts'
import { SetupError } from '../errors.ts'
import { demandIn } from '../isolation/scope.ts'
import { loadModule } from '../load-module.ts'
import { setEnvironment } from './environment.ts'
import { LeasedServer } from './leased-server.ts'
import { type WorkerState, workerState } from './worker-state.ts'

/** A config that belongs to one file, and the directory for its relative paths. */
export interface OwnConfig {
  readonly config: Record<string, unknown>
  readonly baseDir: string
}

/** This worker's connection to a broker. */
export function clientOf(state: WorkerState, path: string): BrokerClient {
  const known = state.clients.get(path)
  if (known?.isOpen) return known
  const client = new BrokerClient(path)
  state.clients.set(path, client)
  return client
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
  throw unknownServer(
    name,
    tickets.flatMap(({ servers }) => servers),
  )
}

/** Takes the lease of a server for the current file, or returns the file's existing lease. */
export async function leaseServer(name: string): Promise<LeasedServer | undefined> {
  const { path } = ticketOf(name)
  return path === undefined ? undefined : await lease(path, name)
}

/** Takes the lease of a server that belongs to the file alone and is made from a config. */
export async function leaseOwnServer(name: string, own: OwnConfig): Promise<LeasedServer | undefined> {
  const { checkSendable } = await loadModule(() => import('./sendable-config.ts'))
  checkSendable('useTarantool', own.config)
  const [ticket] = workerState().tickets
  return ticket?.path === undefined ? undefined : await lease(ticket.path, name, own)
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

/**
 * True if a suite wants its changes undone although the config does not ask for that. Recording must begin before the
 * tests run.
 */
export function isToRecord({ info }: LeasedServer): boolean {
  return (
    !info.records && workerState().scopes.some(scope => ['reset', 'file'].includes(demandIn(scope, info).isolation))
  )
}

function lease(path: string, name: string, own?: OwnConfig): Promise<LeasedServer> {
  const { servers, leasing } = workerState()
  const known = servers.get(name) ?? leasing.get(name)
  if (known) return Promise.resolve(known)
  const coming = takeLease(path, name, own).finally(() => {
    if (leasing.get(name) === coming) leasing.delete(name)
  })
  leasing.set(name, coming)
  return coming
}

async function takeLease(path: string, name: string, own?: OwnConfig): Promise<LeasedServer> {
  const state = workerState()
  const client = clientOf(state, path)
  const info = await client.request('lease', { server: name, ...own }).catch((error: Error) => {
    error.stack = stackOf(error)
    throw error
  })
  // A test file may replace Node's crypto by a mock.
  if (info.address.credentials) await loadModule(() => import('../protocol/iproto/auth.ts'))
  const server = new LeasedServer(client, info)
  if (info.isReported) {
    const { RunNotes } = await loadModule(() => import('./run-notes.ts'))
    server.notes = new RunNotes(server, client)
  }
  try {
    await server.isolated.beginFile(isToRecord(server))
  } catch (error) {
    server.close()
    throw error
  }
  state.servers.set(name, server)
  if (!own) setEnvironment({ ...server.lead.info, name })
  return server
}

// The request comes from the fixture's own hooks, so no stack frame is in the user's code. If the user's Lua has
// failed, the stack names the Lua line, and runners show it. Otherwise the stack is empty: Jest would take every line
// but the first for a frame.
function stackOf({ name, message, file, line = 1 }: Error & { file?: unknown; line?: unknown }): string {
  return typeof file === 'string' && file.startsWith('/') ? `${name}: ${message}\n    at ${file}:${line}:1` : ''
}
