import type { TarantoolInstance } from '../../instance/instance.ts'
import { readKeptCluster } from '../../instance/kept/cluster.ts'
import { dataFilesIn } from '../../instance/kept/data-files.ts'
import { type KeptManifest, readKept } from '../../instance/kept/manifest.ts'
import { talkTo } from '../console/index.ts'
import { connectToConsole } from '../console/target.ts'
import { type KeptMember, startAlone } from './alone.ts'
import { startCopy } from './copy.ts'
import { listMembers } from './members.ts'
import { warn } from './warn.ts'

/** The options of the command `open`. */
export interface OpenOptions {
  /** Starts the server without the application. */
  readonly bare?: boolean
  /** The version of Tarantool to find or download. */
  readonly tarantool?: string
  readonly eval?: string
}

/**
 * Starts a server from the data of a kept directory, and opens a console on it. The server has a copy, so the kept directory
 * stays as it is.
 *
 * @returns the output of a script; nothing after a conversation
 * @throws KeptDirectoryError, the errors of a start, LuaError
 */
export async function open(directory: string, options: OpenOptions): Promise<string> {
  const cluster = readKeptCluster(directory)
  if (cluster) return listMembers(directory, cluster, options)
  const kept = readKept(directory)
  const data = dataFilesIn(directory, kept)
  const { instance, stop } = await start({ directory, kept, data }, options)
  try {
    const about = kept.test === undefined ? '' : ` of '${kept.test}'`
    const why = kept.reason === undefined ? '' : `, kept because of this: ${kept.reason}`
    warn(`the data${about} as it was at ${kept.made}${why}`)
    if (kept.files === undefined && !data.hasJournal) {
      warn('the server wrote no journal (wal_mode none), so this is the data of its last snapshot')
    }
    warn(`the server is on ${instance.fingerprint} (Tarantool ${instance.version()})`)
    if (kept.temporary.length > 0) warn(`temporary spaces are empty: ${kept.temporary.join(', ')}`)
    const address = { path: String(instance.consolePort) }
    return await talkTo(await connectToConsole(kept.server, address), options)
  } finally {
    await stop()
  }
}

/** A server that has a copy of kept data. */
interface RunningCopy {
  readonly instance: TarantoolInstance
  readonly stop: () => Promise<void>
}

async function start(member: KeptMember, { bare = false, tarantool }: OpenOptions): Promise<RunningCopy> {
  const { kept, data } = member
  const name = bare ? undefined : kept.instance
  if (name !== undefined) {
    const alone = await startAlone(member, tarantool)
    if (typeof alone !== 'string') {
      warn(`'${name}' is an instance of a cluster: it runs alone, with its application, and is writable`)
      return { instance: alone.instance(), stop: () => alone.stop() }
    }
    warn(`'${name}' is an instance of a cluster: it runs alone, and without its application, because ${alone}`)
  }
  const isBare = bare || name !== undefined
  try {
    const instance = await startCopy(kept, data, { bare: isBare, force: false }, tarantool)
    return { instance, stop: () => instance.stop() }
  } catch (error) {
    // Tarantool 3 does not start from the data of early versions, and no version from the data of a later one.
    if (tarantool === undefined) warn(wrongVersion(kept))
    throw error
  }
}

function wrongVersion({ tarantool }: KeptManifest): string {
  const [release] = tarantool.split('-')
  return `Tarantool ${tarantool} wrote the data. If this is another version, add the option: --tarantool ${release}`
}
