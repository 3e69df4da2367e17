import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { BrokerClient } from '../broker/client.ts'
import type { HeldServer } from '../broker/failed-server.ts'
import type { ProcessInfo } from '../broker/leased-info.ts'
import type { RunOverview } from '../broker/run-overview.ts'
import { isOwnerGone } from '../instance/owner/owner.ts'
import { directoryPrefix } from '../instance/place/directory.ts'
import { type Marker, markerOf } from '../instance/place/marker.ts'
import { otherOwnDirectories } from '../instance/place/own-directory.ts'
import { defaultPlace, placeOf, sharedPlace } from '../instance/place/place.ts'
import { askServers } from './ask-servers.ts'
import { listed, orUndefined, within } from './attempts.ts'
import { type RunningServer, withoutAccount } from './running-server.ts'

/** A process that owns servers, and its servers. */
export interface Owner {
  readonly pid: number
  /** The program of the process with its arguments, as far as the system tells it. */
  readonly command?: string | undefined
  readonly directory?: string | undefined
  /** In milliseconds since 1970. */
  readonly since: number
  readonly servers: readonly RunningServer[]
}

async function overviewAt(path: string): Promise<RunOverview | undefined> {
  const client = new BrokerClient(path)
  try {
    return await within(client.request('overview', {}))
  } finally {
    client.close()
  }
}

/** The program that a process runs, with its arguments: without Node and Node's own options. */
export function programIn(commandLine: readonly string[]): string | undefined {
  const takesValue = (option: string | undefined): boolean => /^(?:-r|--require|--import|--loader)$/.test(option ?? '')
  const [, ...others] = commandLine
  const first = others.findIndex((text, index) => !text.startsWith('-') && !takesValue(others[index - 1]))
  const [program, ...args] = first < 0 ? commandLine : others.slice(first)
  return program === undefined ? undefined : [basename(program), ...args].join(' ')
}

const commandOf = (pid: number): string | undefined =>
  orUndefined(() => programIn(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)))

function fromInfo(info: ProcessInfo, name: string): Omit<RunningServer, 'state'> {
  const { uri, pid, version, workDir, address } = info
  return { name, uri: withoutAccount(uri), pid, version, directory: workDir, console: address.console }
}

function serversOf({ servers, held }: RunOverview): RunningServer[] {
  return [...leasable(servers), ...held.map(heldServer)]
}

const heldServer = ({ server, info, ...held }: HeldServer): RunningServer => ({
  ...fromInfo(info, server),
  ...{ state: 'running', held },
})

function leasable(servers: RunOverview['servers']): RunningServer[] {
  return servers.flatMap(({ name, state, lease, info }): RunningServer[] => {
    if (!info) return [{ name, state, lease }]
    const { cluster } = info
    if (!cluster) return [{ ...fromInfo(info, name), state, lease }]
    const members = cluster.members.map(member => fromInfo(member, member.name))
    return [fromInfo(info, cluster.connect), ...members].map(server => ({ ...server, state, lease }))
  })
}

// The run of a script has a directory, with one for each of its instances.
async function instancesIn(directory: string): Promise<RunningServer[]> {
  const below = listed(directory).filter(entry => entry.isDirectory())
  const candidates = [directory, ...below.map(({ name }) => join(directory, name))]
  const asked = await Promise.all(candidates.map(askServers))
  return asked.flat()
}

async function ownerOf(directory: string, { pid }: Marker): Promise<Owner | undefined> {
  const run = await overviewAt(join(directory, 'broker.sock'))
  const command = commandOf(pid)
  if (run) return { pid, command, directory: run.directory, since: run.since, servers: serversOf(run) }
  const servers = await instancesIn(directory)
  if (servers.length === 0) return undefined
  const workingDirectory = orUndefined(() => readlinkSync(`/proc/${pid}/cwd`))
  // The servers may have ended meanwhile, and their directory with them.
  const since = orUndefined(() => statSync(directory).birthtimeMs)
  return since === undefined ? undefined : { pid, command, directory: workingDirectory, since, servers }
}

/** The directories in which this user's runs and instances have theirs. */
function places(root: string | undefined): string[] {
  if (root !== undefined) return [placeOf(root, undefined), root]
  const usual = [defaultPlace(), sharedPlace()].filter(place => place !== undefined)
  return [...usual, ...usual.flatMap(place => otherOwnDirectories(dirname(place)))]
}

function mergedByPid(owners: readonly Owner[]): Owner[] {
  const byPid = new Map<number, Owner>()
  for (const owner of owners) {
    const known = byPid.get(owner.pid)
    byPid.set(owner.pid, known ? { ...known, servers: [...known.servers, ...owner.servers] } : owner)
  }
  return [...byPid.values()].sort((a, b) => a.since - b.since)
}

/** A directory of a run or an instance, and its marker. */
export interface MarkedDirectory {
  readonly directory: string
  readonly marker: Marker
}

/**
 * The directories that this user's runs and instances have made, also those that were kept and those of dead owners.
 *
 * @param root the parent directory of the servers, if the option `root` names one
 */
export function markedDirectories(root?: string): MarkedDirectory[] {
  const directories = [...new Set(places(root))].flatMap(place =>
    listed(place)
      .filter(entry => entry.isDirectory() && entry.name.startsWith(directoryPrefix))
      .map(({ name }) => join(place, name)),
  )
  return directories.flatMap(directory => {
    const marker = markerOf(directory)
    return marker ? [{ directory, marker }] : []
  })
}

/**
 * Finds the servers of this user that run now, by their owners: the runs of test runners, and scripts with instances.
 *
 * @param root the parent directory of the servers, if the option `root` names one
 */
export async function findRunning(root?: string): Promise<Owner[]> {
  const alive = markedDirectories(root).filter(({ marker }) => !isOwnerGone(marker))
  const owners = await Promise.all(alive.map(({ directory, marker }) => ownerOf(directory, marker)))
  return mergedByPid(owners.filter(owner => owner !== undefined))
}
