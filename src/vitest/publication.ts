import type { TestProject } from 'vitest/node'
import type { BrokerTicket } from '../broker/messages.ts'
import type { Run } from '../broker/run.ts'
import { SetupError } from '../errors.ts'
import { sharedValue } from '../shared-value.ts'
import type { ProvidedTarantool } from './context.ts'

const publications = sharedValue('publications', () => new WeakMap<TestProject, Map<Run, BrokerTicket>>())

/**
 * Provides a run's ticket to a project's workers, next to the tickets of other runs. A newer ticket of a run replaces
 * the older one.
 *
 * @throws SetupError if two runs have a server of the same name
 */
export function publish(project: TestProject, run: Run, ticket: BrokerTicket): void {
  const published = publications.get(project) ?? new Map<Run, BrokerTicket>()
  for (const [other, { servers }] of published) {
    const twice = other === run ? undefined : servers.find(name => ticket.servers.includes(name))
    if (twice === undefined) continue
    throw new SetupError(`two setups of this project have a server named '${twice}'`, {
      hint: 'Give one of them another name: { servers: { other: { … } } }. A root globalSetup counts for each project.',
    })
  }
  published.set(run, ticket)
  publications.set(project, published)
  project.provide('tarantool', { tickets: [...published.values()] } satisfies ProvidedTarantool as never)
}

/** Removes a run's ticket again. */
export function withdraw(project: TestProject, run: Run): void {
  publications.get(project)?.delete(run)
}
