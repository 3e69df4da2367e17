import type { BrokerTicket } from '../broker/messages.ts'

/** Tickets by the file of the setup that they come from: its name is the same in each run, and so in Jest's caches. */
export type Tickets = Readonly<Record<string, BrokerTicket>>

// In the environment, which reaches workers and tests that run in band; Jest's `globals` would end up in its caches' keys.
const variable = 'TARANTOOL_FIXTURE_JEST'

/** Under this a project's `globals` name the setups that were run for it. */
export const setupsGlobal = '__TARANTOOL_FIXTURE_SETUPS__'

/** What the setups of this run have published. */
export function readTickets(): Tickets {
  return JSON.parse(process.env[variable] ?? '{}') as Tickets
}

export function writeTickets(tickets: Tickets): void {
  if (Object.keys(tickets).length === 0) delete process.env[variable]
  else process.env[variable] = JSON.stringify(tickets)
}

/** Those of the project whose test file runs here: of its own setups; where none was run for it, of all. */
export function ticketsOfProject(): BrokerTicket[] {
  const tickets = readTickets()
  const own = (globalThis as { [setupsGlobal]?: readonly string[] })[setupsGlobal]
  const all = Object.entries(tickets)
  return all.flatMap(([setup, ticket]) => (own === undefined || own.includes(setup) ? [ticket] : []))
}
