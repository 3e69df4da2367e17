import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Credentials } from '../config/options.ts'
import { checkSocketPath } from '../instance/place/addresses.ts'
import type { ConfigMap, DescribedInstance, Description } from './description.ts'
import { linkSocketName, socketName } from './socket-names.ts'

/** The place of one instance of a cluster. */
export interface MemberPlace<Kind extends { readonly name: string } = DescribedInstance> {
  readonly description: Kind
  /** The number of the instance in its cluster, from 1. */
  readonly index: number
  /** The TCP port on 127.0.0.1 for tests. */
  readonly port: number
  /** The instance's own directory. */
  readonly directory: string
  /** The socket on which the other instances reach this instance. */
  readonly peerSocket: string
  /** The socket behind the link of the address for tests. */
  readonly serverSocket: string
  /** The console that the config opens. */
  readonly consoleSocket: string
  /** The console that only the fixture uses. */
  readonly agentSocket: string
}

/**
 * The places in a cluster's directory.
 *
 * @throws SocketPathTooLongError
 */
export function placeOfMember<Kind extends { readonly name: string }>(
  description: Kind,
  { directory, index, port }: { directory: string; index: number; port: number },
): MemberPlace<Kind> {
  const socket = (kind: 'p' | 's' | 'c' | 'a'): string => {
    const path = join(directory, socketName(kind, index))
    checkSocketPath(path, `socket of the instance '${description.name}'`)
    return path
  }
  return {
    description,
    index,
    port,
    directory: join(directory, description.name),
    peerSocket: socket('p'),
    serverSocket: socket('s'),
    consoleSocket: socket('c'),
    agentSocket: socket('a'),
  }
}

/** The path of the socket of the link from an instance to another. @throws SocketPathTooLongError */
export function linkSocket(
  from: { readonly directory: string; readonly index: number },
  to: { readonly index: number },
): string {
  const path = join(dirname(from.directory), linkSocketName(from.index, to.index))
  checkSocketPath(path, 'socket of a link')
  return path
}

// Options that the fixture sets itself, for each instance. They are removed wherever the config sets them.
const ownPaths = [
  'iproto.listen',
  'iproto.advertise.client',
  'iproto.advertise.peer.uri',
  'iproto.advertise.peer.params',
  'iproto.advertise.sharding.uri',
  'iproto.advertise.sharding.params',
  'console.socket',
  'feedback',
  'log.to',
  'log.file',
  'log.pipe',
  'log.syslog',
  'process.background',
  'process.pid_file',
  'process.username',
  'process.work_dir',
  'replication.peers',
  'snapshot.dir',
  'vinyl.dir',
  'wal.dir',
].map(path => path.split('.'))

const isMap = (value: unknown): value is ConfigMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const mapsIn = (value: unknown): ConfigMap[] => (isMap(value) ? Object.values(value).filter(isMap) : [])

function remove(scope: ConfigMap, path: readonly string[]): void {
  const [name = '', ...rest] = path
  const value = scope[name]
  if (rest.length === 0) delete scope[name]
  if (rest.length === 0 || !isMap(value)) return
  remove(value, rest)
  // Tarantool refuses an address without any field.
  if (Object.keys(value).length === 0) delete scope[name]
}

function removeOwn(config: ConfigMap): void {
  const groups = mapsIn(config.groups)
  const replicasets = groups.flatMap(group => mapsIn(group.replicasets))
  const instances = replicasets.flatMap(replicaset => mapsIn(replicaset.instances))
  for (const scope of [config, ...groups, ...replicasets, ...instances]) {
    for (const path of ownPaths) remove(scope, path)
  }
}

function removeStrangers(config: ConfigMap, names: ReadonlySet<string>): void {
  for (const group of mapsIn(config.groups)) {
    for (const replicaset of mapsIn(group.replicasets)) {
      const { instances } = replicaset
      const map: ConfigMap = isMap(instances) ? (instances as ConfigMap) : {}
      for (const name of Object.keys(map)) if (!names.has(name)) delete map[name]
    }
    removeEmpty(group.replicasets, 'instances')
  }
  removeEmpty(config.groups, 'replicasets')
}

function removeEmpty(map: unknown, content: string): void {
  if (!isMap(map)) return
  for (const [name, value] of Object.entries(map)) {
    const inside = isMap(value) ? value[content] : undefined
    if (!isMap(inside) || Object.keys(inside).length === 0) delete map[name]
  }
}

const merged = (base: unknown, over: ConfigMap): ConfigMap => {
  const result: ConfigMap = isMap(base) ? { ...base } : {}
  for (const [name, value] of Object.entries(over)) result[name] = isMap(value) ? merged(result[name], value) : value
  return result
}

// A directory of production may not exist here. The application's directory is the working directory under tt.
function workDirOf({ work_dir }: DescribedInstance, appDir: string): string {
  const directory = resolve(appDir, work_dir ?? '.')
  return existsSync(directory) ? directory : appDir
}

const ownOptions = (place: MemberPlace, { appDir, reader }: PlacedConfigOptions): ConfigMap => ({
  iproto: {
    // Other instances take the first address.
    listen: [
      { uri: `unix/:${reader && reader !== place ? linkSocket(reader, place) : place.peerSocket}` },
      { uri: reader ? `unix/:${place.serverSocket}` : `127.0.0.1:${place.port}` },
    ],
    advertise: { client: `127.0.0.1:${place.port}` },
  },
  console: { socket: place.consoleSocket },
  feedback: { enabled: false },
  log: { to: 'stderr' },
  process: { work_dir: workDirOf(place.description, appDir), pid_file: join(place.directory, 'tarantool.pid') },
  snapshot: { dir: place.directory },
  vinyl: { dir: place.directory },
  wal: { dir: place.directory },
})

/** The terms of a config with places. */
interface PlacedConfigOptions {
  readonly appDir: string
  /** A user to add, with the role `super`. */
  readonly account: Credentials | undefined
  /** The instance that reads the config, if instances reach each other through links: each has links of its own. */
  readonly reader?: MemberPlace | undefined
}

/** The config with the addresses and directories of one cluster. Only the chosen instances are in it. */
export function placedConfig(
  { config }: Description,
  places: readonly MemberPlace[],
  options: PlacedConfigOptions,
): ConfigMap {
  const { account } = options
  const placed = structuredClone(config)
  removeOwn(placed)
  removeStrangers(placed, new Set(places.map(({ description }) => description.name)))
  for (const place of places) {
    const { name, group, replicaset } = place.description
    const instances = (((placed.groups as ConfigMap)[group] as ConfigMap).replicasets as ConfigMap)[
      replicaset
    ] as ConfigMap
    const map = instances.instances as ConfigMap
    map[name] = merged(map[name], ownOptions(place, options))
  }
  if (account === undefined) return placed
  const users = { [account.user]: { password: account.password, roles: ['super'] } }
  return merged(placed, { credentials: { users } })
}
