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

export function writeTickets(tickets: Tickets): void {
  if (Object.keys(tickets).length === 0) delete process.env[variable]
  else process.env[variable] = JSON.stringify(tickets)
}

/**
 * The path of a file by which it can tell for which setup it was named. Of a project's configuration its lists of files are
 * all that is its own and that a setup can add to, and a file cannot be named with a query.
 */
export function markedPath(directory: string, file: string, setup: string): string {
  const index = Object.keys(readTickets()).indexOf(setup)
  return `${directory}/${'./'.repeat(index + 1)}${file}`
}

/**
 * Those of the project whose test file runs here: of its setup, where the file was named by the user of all; and of its
 * version.
 */
export function ticketsOfProject(fileName: string, version: string | undefined): JestTicket[] {
  const tickets = readTickets()
  const index = (fileName.match(/\/\.(?=\/)/g) ?? []).length - 1
  const setup = Object.keys(tickets)[index]
  const found = setup === undefined ? Object.values(tickets).flat() : (tickets[setup] ?? [])
  const all = found.filter(ticket => ticket.version === version)
  const names = all.flatMap(({ servers }) => servers)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice === undefined) return all
  throw new SetupError(`several global setups of this run have a server named '${twice}', and none is this project's`, {
    hint: `Jest runs a setup that several projects name for the first of them only. Give this project a setup file of its own, or the servers different names. The setups: ${Object.keys(tickets).join(', ')}.`,
  })
}
