import { deserializeError } from '../broker/error-transport.ts'
import type { HandleOrigin } from './handle-origin.ts'
import { listedServer } from './listed-server.ts'
import { workerState } from './worker-state.ts'

// Options that can change the program of a server, compared with the server that it is derived from.
const choosing = ['version', 'commandToRun', 'commandArgs', 'docker'] as const

/**
 * The version of a server that the current file does not have yet, if the main process has found it.
 *
 * @throws the reason why the main process has found none
 */
export function versionBeforeLease({ use, own }: HandleOrigin): string | undefined {
  const { listing, servers, tickets } = workerState()
  if (own && choosing.some(option => own.config[option] !== undefined))
    return listing ? listedServer.version : undefined
  const name = own ? 'default' : use.server
  const found =
    servers.get(name)?.info.version ??
    tickets.map(({ versions }) => versions?.[name]).find(version => version !== undefined)
  if (typeof found === 'object') throw deserializeError(found)
  return found ?? (listing ? listedServer.version : undefined)
}
