import type { ClusterConfig, ConfigOverlay } from '../config/application-options.ts'
import type { AddedMemberOptions } from '../config/replica-set-options.ts'
import { type StrangeName, strangeName } from '../config/strange-name.ts'
import { InvalidOptionError } from '../errors.ts'
import { clearTimeout, setTimeout } from '../node-builtins.ts'
import { shownValue } from '../shown-value.ts'
import { clusterOf } from './cluster-member.ts'
import { refuseLate } from './late-calls.ts'
import type { LeasedServer } from './leased-server.ts'
import { checkSendable } from './sendable-config.ts'
import { longestLimit, usualLimit } from './usual-limit.ts'
import type { WorkerState } from './worker-state.ts'

/** A handle of an instance, or its name. */
type Named = { readonly name: string } | string

/**
 * The name of an instance that a test gives, or names. The name of a replica set stands for its leader.
 *
 * @param call the call of the test, and its parameter, for errors
 * @throws InvalidOptionError for another value
 */
export function nameOf(of: Named, server: LeasedServer, call: Pick<StrangeName, 'call' | 'as'>): string {
  const name = typeof of === 'string' ? of : of?.name
  const { connect, instances } = clusterOf(server.info)
  if (typeof name !== 'string') {
    throw strangeName({ ...call, given: of, list: `Instances: ${instances.join(', ')}` })
  }
  return name === server.name ? (server.leader ?? connect) : name
}

type Attempt = WorkerState['attempt']

/**
 * Makes a call of a test.
 *
 * @param attempt the test
 * @param method the name of the handle's method
 * @throws LeaseError if the server is a single one; if the test is over, before the call or after it
 */
export async function ofTest<Result>(
  attempt: Attempt,
  method: string,
  server: LeasedServer,
  act: (server: LeasedServer) => Promise<Result>,
): Promise<Result> {
  clusterOf(server.info)
  const check = (): void => refuseLate(`${method}()`, server.name, attempt)
  check()
  const result = await act(server)
  check()
  return result
}

/** The time in milliseconds in which a member that lives says whether it is writable. */
const patience = 1000

async function isWritable(member: LeasedServer): Promise<boolean> {
  if (member.isolated.watch.isGone) return false
  const asked = member.request(connections => connections.eval('return not box.info.ro', []))
  const answer = asked.then(
    ([isWritable]) => isWritable === true,
    () => false,
  )
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, patience, false)
  })
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/**
 * Finds the member of a replica set that is the leader now.
 *
 * @param isNeeded waits for an election that is under way. Otherwise the latest leader counts if no member is the leader
 * @throws ReplicationError if there is none; LeaseError if the test that needs it is over
 */
export async function findLead(server: LeasedServer, isNeeded: boolean, attempt?: Attempt): Promise<LeasedServer> {
  const check = (): void => refuseLate('a request', server.name, attempt)
  if (await isWritable(server.lead)) {
    // The answer of a leader that was cut off may come in the next test.
    if (isNeeded) check()
    return server.lead
  }
  const asked = isNeeded
    ? server.ofCluster('leader', { timeout: longestLimit() })
    : server.ofCluster('waitForLeader', { timeout: 0 })
  server.leader = await asked.catch((error: unknown) => {
    if (isNeeded) throw error
    return server.leader
  })
  if (isNeeded) check()
  return server.lead
}

/** The writable instance of a replica set. */
export async function leader(server: LeasedServer, replicaset: string | undefined): Promise<string> {
  const name = await server.ofCluster('leader', { replicaset, timeout: longestLimit() })
  return noteLeader(server, name)
}

/** The options of a wait. The broker checks them; a text would become an object of letters on its way. */
function waitOf<Wait extends { timeout?: number | undefined }>(call: string, wait: Wait): Wait & { timeout: number } {
  if (typeof wait !== 'object' || wait === null) {
    throw new InvalidOptionError(`${call}: the options must be an object, not ${shownValue(wait)}`)
  }
  checkSendable(call, { ...wait, not: undefined })
  const { timeout = usualLimit() } = wait
  return { ...wait, timeout }
}

/** Waits for a leader. Resolves to its name. */
export async function waitForLeader(
  server: LeasedServer,
  options: { not?: Named | undefined; replicaset?: string | undefined; timeout?: number | undefined },
): Promise<string> {
  const { not, ...wait } = waitOf('waitForLeader()', options)
  const former = not === undefined ? undefined : nameOf(not, server, { call: 'waitForLeader({ not })' })
  const name = await server.ofCluster('waitForLeader', { ...wait, not: former })
  return noteLeader(server, name)
}

export async function waitForFullMesh(
  server: LeasedServer,
  wait: { timeout?: number | undefined; onlyRunning?: boolean | undefined },
): Promise<void> {
  await server.ofCluster('waitForFullMesh', waitOf('waitForFullMesh()', wait))
}

export async function waitForVclock(
  server: LeasedServer,
  of: Named | undefined,
  wait: { timeout?: number | undefined },
): Promise<void> {
  const named = of === undefined ? undefined : nameOf(of, server, { call: 'waitForVclock(of)' })
  await server.ofCluster('waitForVclock', { ...waitOf('waitForVclock()', wait), of: named })
}

/** Adds a member to a replica set. Resolves to its name. */
export async function addReplica(server: LeasedServer, options: AddedMemberOptions): Promise<string> {
  checkSendable('addReplica()', options)
  const { name, info } = await server.ofCluster('addReplica', { options: options as Record<string, unknown> })
  server.learn(info)
  return name
}

/** Lets a cluster apply another config. */
export async function reload(server: LeasedServer, config: string | ClusterConfig | undefined): Promise<void> {
  checkSendable('reload()', config)
  await server.ofCluster('reload', { config })
}

/** Lays options over the config of a cluster. */
export async function set(server: LeasedServer, overlay: ConfigOverlay): Promise<void> {
  checkSendable('set()', overlay)
  await server.ofCluster('set', { overlay })
}

/** Removes a member of a replica set. */
export async function removeReplica(server: LeasedServer, member: Named): Promise<void> {
  const name = nameOf(member, server, { call: 'remove(member)' })
  server.learn(await server.ofCluster('remove', { member: name }))
  server.faults?.forget(name)
}

// The leader of an application's replica set is another instance than the one that the handle stands for.
function noteLeader(server: LeasedServer, name: string): string {
  if (server.leader !== undefined) server.leader = name
  return name
}
