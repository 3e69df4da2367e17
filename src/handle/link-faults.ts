import { InvalidOptionError, LeaseError } from '../errors.ts'
import { type FaultName, faultOf, type LinkPlace, type NamedInstance } from '../link/fault.ts'
import { type CodeUnderFaults, FaultSequence } from '../link/fault-sequence.ts'
import { allPlaces, linkCall, partitionCall, separations } from '../link/pairs.ts'
import { type FaultsOptions, singleServer } from '../link/planned-faults.ts'
import { nameOf } from './cluster-calls.ts'
import { clusterOf, memberOf } from './cluster-member.ts'
import { FaultRecord } from './fault-record.ts'
import type { LeasedServer } from './leased-server.ts'
import { isPaused } from './request-failure.ts'
import { workerState } from './worker-state.ts'

/** A link as a test names it: the one from an instance to another, or the one before an address. */
export interface NamedLink {
  readonly pair?: readonly [NamedInstance, NamedInstance]
  /** The name of the instance that has the address. Default: the handle's server. */
  readonly member?: string | undefined
}

/** The test or the suite that makes a fault. The fault ends with it. */
export type FaultOwner = { readonly test: object } | { readonly suite: object }

/** Makes a fault of a link. @throws InvalidOptionError; LeaseError if the test is over */
export async function makeFault(
  server: LeasedServer,
  link: NamedLink,
  { name, value, by }: { name: FaultName; value: unknown; by: FaultOwner },
): Promise<void> {
  await faultsOf(server).make(faultOf(name, value), [placeOf(server, link)], ownerOf(by))
}

/** Cuts the links between groups of instances. @throws InvalidOptionError; LeaseError if the test is over */
export async function partition(
  server: LeasedServer,
  groups: readonly (readonly NamedInstance[])[],
  by: FaultOwner,
): Promise<void> {
  const { instances } = clusterOf(server.info)
  const named = groups.map(group =>
    Array.isArray(group) ? group.map((instance: NamedInstance) => nameOf(instance, server, partitionCall)) : group,
  )
  const places = separations(named as string[][], instances).map(([from, to]) => ({ from, to }))
  await faultsOf(server).make({ is: 'cut' }, places, ownerOf(by))
}

/** Ends all faults. @throws InvalidOptionError without the option `links`; LeaseError if the test is over */
export async function heal(server: LeasedServer, by: FaultOwner): Promise<void> {
  const faults = faultsOf(server)
  const { faulty } = faults
  await faults.make({ is: 'sound' }, faulty.length > 0 ? faulty : [placeOf(server, {})], ownerOf(by))
}

/**
 * Makes a sequence of faults while code runs. It also ends with the test or suite.
 *
 * @throws the errors of `FaultSequence`; LeaseError if the test is over
 */
export async function underFaults<Result>(
  server: LeasedServer,
  { options, code, by }: { options: FaultsOptions; code: CodeUnderFaults<Result>; by: FaultOwner },
): Promise<Result> {
  const { cluster, hasLinks } = server.info
  const [record, owner] = [faultsOf(server), ownerOf(by)]
  const refusal = hasLinks ? undefined : await refusalOf(server)
  const named = (name: string): LeasedServer => (cluster ? memberOf(server, name) : server)
  const runs = (name: string): boolean => {
    const isThere = server.info.cluster?.instances.includes(name) ?? true
    return isThere && (isPaused(named(name)) || !named(name).isolated.watch.isGone)
  }
  const sequence = new FaultSequence(
    {
      instances: cluster?.instances ?? [singleServer],
      links: hasLinks ? (cluster ? allPlaces(cluster.instances) : [undefined]) : [],
      noLinks: () => refusal ?? new InvalidOptionError('the server has no links'),
      runs,
      titleOf: name => named(name).info.fingerprint,
      kill: async name => await named(name).signal('SIGKILL'),
      start: async name => await named(name).start(false),
      pause: async name => await named(name).signal('SIGSTOP'),
      // The code may have ended the server meanwhile.
      resume: async name => {
        if (runs(name)) await named(name).signal('SIGCONT')
      },
      make: async (fault, place) => await record.make(fault, [place ?? null], owner),
    },
    options,
  )
  return await record.run(sequence, owner, code)
}

// The link of a single server has no place.
function placeOf(server: LeasedServer, { pair, member = server.name }: NamedLink): LinkPlace | null {
  if (!pair && !server.info.cluster) return null
  clusterOf(server.info)
  if (!pair) return { to: nameOf(member, server, { call: 'instance(name)' }) }
  return { from: nameOf(pair[0], server, linkCall('from')), to: nameOf(pair[1], server, linkCall('to')) }
}

// The main process knows why the server has no links.
async function refusalOf(server: LeasedServer): Promise<InvalidOptionError | undefined> {
  return await server.ofCluster('fault', { fault: { is: 'sound' } }).then(
    () => undefined,
    (error: InvalidOptionError) => error,
  )
}

function ownerOf(by: FaultOwner): object {
  if ('suite' in by) return by.suite
  const { attempt, concurrent } = workerState()
  if (by.test === attempt || concurrent.has(by.test)) return by.test
  // Nothing would end the fault before the end of the file.
  throw new LeaseError('the test that makes a fault is over', {
    hint: 'Await each call of a link, and partition(), heal() and faults(), in the test.',
  })
}

function faultsOf(server: LeasedServer): FaultRecord {
  server.faults ??= new FaultRecord(async (fault, places, isUndo) => {
    await server.ofCluster('fault', { fault, places: places.filter(place => place !== null), isUndo })
  })
  return server.faults
}
