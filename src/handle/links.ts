import type { FaultName, Link, LinkOfServer, NamedInstance } from '../link/fault.ts'
import type { CodeUnderFaults } from '../link/fault-sequence.ts'
import type { FaultsOptions } from '../link/planned-faults.ts'
import { loadModule } from '../load-module.ts'
import type { LeasedServer } from './leased-server.ts'
import type { NamedLink } from './link-faults.ts'

const names: FaultName[] = ['cut', 'delay', 'limit', 'hang', 'reset', 'heal']

export type { Link, LinkOfServer, NamedInstance } from '../link/fault.ts'
export type { CodeUnderFaults, FaultRun } from '../link/fault-sequence.ts'
export type { FaultsOptions, SequenceFault } from '../link/planned-faults.ts'

/** Finds the server of a test: a single one, or the cluster. */
export type Reach = () => Promise<LeasedServer>

const load = (): Promise<typeof import('./link-faults.ts')> => loadModule(() => import('./link-faults.ts'))

// The code of a link is loaded with its first fault.
const lazyLink = (server: Reach, link: NamedLink): Link =>
  Object.fromEntries(
    names.map(name => [name, async (value?: unknown) => (await load()).makeFault(await server(), link, name, value)]),
  ) as unknown as Link

/** The link before the address of a server, or of an instance of a cluster, and those between the instances. */
export const linksOf = (server: Reach, member: string | undefined): LinkOfServer =>
  Object.assign((...pair: [NamedInstance, NamedInstance]) => lazyLink(server, { pair }), lazyLink(server, { member }))

/** Cuts the links between groups of instances of a cluster. */
export const partition = async (server: Reach, groups: readonly (readonly NamedInstance[])[]): Promise<void> =>
  await (await load()).partition(await server(), groups)

/** Ends all faults that the file has made. */
export const heal = async (server: Reach): Promise<void> => await (await load()).heal(await server())

/** Makes a sequence of faults while code runs. */
export const underFaults = async <Result>(
  server: Reach,
  options: FaultsOptions,
  code: CodeUnderFaults<Result>,
): Promise<Result> => await (await load()).underFaults(await server(), options, code)
