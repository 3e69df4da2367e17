import type { FaultName, Link, LinkOfServer, NamedInstance } from '../link/fault.ts'
import type { CodeUnderFaults } from '../link/fault-sequence.ts'
import type { FaultsOptions } from '../link/planned-faults.ts'
import { loadModule } from '../load-module.ts'
import type { LeasedServer } from './leased-server.ts'
import type { FaultOwner, NamedLink } from './link-faults.ts'
import { workerState } from './worker-state.ts'

const names: FaultName[] = ['cut', 'delay', 'limit', 'hang', 'reset', 'heal']

export type { Link, LinkOfServer, NamedInstance } from '../link/fault.ts'
export type { CodeUnderFaults, FaultRun } from '../link/fault-sequence.ts'
export type { FaultsOptions, SequenceFault } from '../link/planned-faults.ts'

/** Finds the server of a test: a single one, or the cluster. */
export type Reach = () => Promise<LeasedServer>

const load = (): Promise<typeof import('./link-faults.ts')> => loadModule(() => import('./link-faults.ts'))

/** Known at once: a test that does not wait for its fault may be over when the fault is made. */
const owner = (): FaultOwner => {
  const { attempt, scope } = workerState()
  return attempt ? { test: attempt } : { suite: scope }
}

// The code of a link is loaded with its first fault.
const lazyLink = (server: Reach, link: NamedLink): Link =>
  Object.fromEntries(
    names.map(name => [
      name,
      async (value?: unknown) => {
        const by = owner()
        await (await load()).makeFault(await server(), link, { name, value, by })
      },
    ]),
  ) as unknown as Link

/** The link before the address of a server, or of an instance of a cluster, and those between the instances. */
export const linksOf = (server: Reach, member: string | undefined): LinkOfServer =>
  Object.assign((...pair: [NamedInstance, NamedInstance]) => lazyLink(server, { pair }), lazyLink(server, { member }))

/** Cuts the links between groups of instances of a cluster. */
export const partition = async (server: Reach, groups: readonly (readonly NamedInstance[])[]): Promise<void> => {
  const by = owner()
  await (await load()).partition(await server(), groups, by)
}

/** Ends all faults that the file has made. */
export const heal = async (server: Reach): Promise<void> => {
  const by = owner()
  await (await load()).heal(await server(), by)
}

/** Makes a sequence of faults while code runs. */
export const underFaults = async <Result>(
  server: Reach,
  options: FaultsOptions,
  code: CodeUnderFaults<Result>,
): Promise<Result> => {
  const by = owner()
  return await (await load()).underFaults(await server(), { options, code, by })
}
