import type { LeasedServerInfo } from '../broker/leased-info.ts'
import type { Isolation } from '../config/isolation.ts'
import { demandIn } from '../isolation/scope.ts'
import { memberOf } from './cluster-member.ts'
import { versionBeforeLease } from './early-version.ts'
import type { HandleOrigin } from './handle-origin.ts'
import { listedServer } from './listed-server.ts'
import { workerState } from './worker-state.ts'

/** The properties that a spread of a handle copies. */
export const shownProperties = ['name', 'host', 'port', 'uri', 'version', 'isolation'] as const

export const nameOf = ({ use, member }: HandleOrigin): string => member ?? use.server

/** The isolation of the tests in the current scope; undefined if only the config knows it, and the lease is missing. */
export function isolationOf({ use }: HandleOrigin): Isolation | undefined {
  const { listing, servers, isRunning, scope } = workerState()
  const info = listing ? listedServer : servers.get(use.server)?.info
  if (info === undefined || !isRunning) return use.isolation ?? info?.isolation
  return demandIn(scope, info).isolation
}

// Someone who prints a handle must get no error, and the file does not count as a user of the server.
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function infoOf({ use, member }: HandleOrigin): LeasedServerInfo | undefined {
  const { listing, servers } = workerState()
  if (listing) return listedServer
  const server = servers.get(use.server)
  return server && attempt(() => memberOf(server, member).info)
}

function withoutPassword({ uri, password }: LeasedServerInfo): string {
  return password === undefined ? uri : uri.replace(/^([^:@/]*):[^@]*@/, '$1@')
}

/** A handle as `console.log` and JSON show it. Without a lease, it has only the parts that are known. */
export function viewOf(origin: HandleOrigin): Record<string, unknown> {
  const info = infoOf(origin)
  const version = info?.version ?? attempt(() => versionBeforeLease(origin))
  const isolation = isolationOf(origin)
  return {
    name: nameOf(origin),
    ...(info && { host: info.host, port: info.port, uri: withoutPassword(info) }),
    ...(version !== undefined && { version }),
    ...(isolation !== undefined && { isolation }),
  }
}

type Inspect = (value: unknown, options: unknown) => string

/** The text of a handle for `console.log`. Some printers of other packages do not pass themselves on. */
export function inspectHandle(
  origin: HandleOrigin,
  options: unknown,
  inspect: Inspect = value => JSON.stringify(value),
): string {
  const view = viewOf(origin)
  return `TarantoolHandle ${view.host === undefined ? '(not leased yet) ' : ''}${inspect(view, options)}`
}
