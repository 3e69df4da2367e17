import type { BrokerTicket } from '../broker/messages.ts'
import { SetupError } from '../errors.ts'

/** A ticket of the projects that name a setup, or of those of one version among them. */
export interface JestTicket extends BrokerTicket {
  /** The version that the projects are for; undefined if they are for none. */
  readonly version?: string | undefined
}

/** Tickets by the file of the setup that they come from: its name is the same in each run, and so in Jest's caches. */
export type Tickets = Readonly<Record<string, readonly JestTicket[]>>

// In the environment, which reaches workers and tests that run in band.
const variable = 'TARANTOOL_FIXTURE_JEST'

/** What the setups of this run have published. */
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

/** Takes back the tickets of a setup. */
export function withdrawTickets(setup: string): void {
  const { [setup]: _, ...others } = readTickets()
  writeTickets(others)
}

/**
 * The tickets for the project whose test file runs here: of its version, and of its setup.
 *
 * @param setup undefined where the user named the worker file, which does not know the setup: the project gets the
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
