import type { BrokerTicket } from '../broker/messages.ts'
import { SetupError } from '../errors.ts'

/** The ticket of the projects that name a setup. With versions, the ticket of the projects that share a version. */
export interface JestTicket extends BrokerTicket {
  /** The version of the projects; undefined if they have no version. */
  readonly version?: string | undefined
}

/** Tickets by the file of their setup. The file's name is the same in each run, and so in Jest's caches. */
export type Tickets = Readonly<Record<string, readonly JestTicket[]>>

// Tickets are in the environment, which reaches workers and tests that run in band.
const variable = 'TARANTOOL_FIXTURE_JEST'

/** The tickets that the setups of this run have published. */
export function readTickets(): Tickets {
  return JSON.parse(process.env[variable] ?? '{}') as Tickets
}

function writeTickets(tickets: Tickets): void {
  if (Object.keys(tickets).length === 0) delete process.env[variable]
  else process.env[variable] = JSON.stringify(tickets)
}

/** Adds a ticket to those of its setup. */
export function addTicket(setup: string, ticket: JestTicket): void {
  const { [setup]: former = [], ...others } = readTickets()
  writeTickets({ ...others, [setup]: [...former, ticket] })
}

export function withdrawAllTickets(): void {
  delete process.env[variable]
}

/** Removes the tickets of a setup. */
export function withdrawTickets(setup: string): void {
  const { [setup]: _, ...others } = readTickets()
  writeTickets(others)
}

/**
 * The tickets of the project whose test file runs here, for its version and its setup.
 *
 * @param setup undefined if the user named the worker file, which does not know the setup. The project then gets the
 *   tickets of all setups
 */
export function ticketsOfProject(setup: string | undefined, version: string | undefined): JestTicket[] {
  const tickets = readTickets()
  const found = setup === undefined ? Object.values(tickets).flat() : (tickets[setup] ?? [])
  const all = found.filter(ticket => ticket.version === version)
  const names = all.flatMap(({ servers }) => servers)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice === undefined) return all
  throw new SetupError(`several global setups of this run have a server named '${twice}', and none is this project's`, {
    hint: `Jest runs a setup that several projects name for the first of them only. Give this project a setup file of its own, or the servers different names. The setups: ${Object.keys(tickets).join(', ')}.`,
  })
}
