import { basename, join } from 'node:path'
import { consoleBesideAgent, isAgentSocket } from '../cluster/socket-names.ts'
import { ConsoleConnection } from '../protocol/console/connection.ts'
import { listed, within } from './attempts.ts'
import { type RunningServer, withoutAccount } from './running-server.ts'

const questions = `box.info.pid, box.info.version, box.cfg.listen, box.cfg.custom_proc_title,
  require('fio').abspath(box.cfg.wal_dir)`

/** The socket that a server is asked on, and the console for its user. */
interface Sockets {
  readonly asked: string
  readonly console: string
  /** The server is a member of a cluster, whose directory has the sockets of all members. */
  readonly isMember: boolean
}

// The fixture has a socket of its own: the application hears nothing of a question there.
const isOwnSocket = (name: string): boolean => name === 'agent.sock' || isAgentSocket(name)

const consoleBeside = (socket: string): string => (isAgentSocket(socket) ? consoleBesideAgent(socket) : 'console.sock')

function socketsIn(directory: string): Sockets[] {
  const names = listed(directory).map(({ name }) => name)
  const own = names.filter(isOwnSocket)
  // A container on macOS has only the console.
  const asked = own.length > 0 ? own : names.filter(name => name === 'console.sock')
  return asked.map(name => ({
    ...{ asked: join(directory, name), console: join(directory, consoleBeside(name)) },
    isMember: isAgentSocket(name),
  }))
}

const textOf = (entry: unknown): string =>
  typeof entry === 'object' && entry !== null && 'uri' in entry ? String(entry.uri) : String(entry)

/** The address of the binary protocol for tests. A member of a cluster also listens on a socket for the others. */
function uriOf(listen: unknown): string | undefined {
  const entries = (Array.isArray(listen) ? listen : [listen]).filter(entry => entry !== null && entry !== undefined)
  const uris = entries.map(textOf)
  const uri = uris.find(text => !text.startsWith('unix/:')) ?? uris[0]
  return uri === undefined ? undefined : withoutAccount(uri)
}

async function askServer(place: string, { asked, console, isMember }: Sockets): Promise<RunningServer | undefined> {
  const connection = await within(ConsoleConnection.connect({ path: asked }))
  if (!connection) return undefined
  try {
    const answer = await within(connection.command(questions))
    const [pid, version, listen, title, ownDirectory] = answer ?? []
    const directory = isMember && typeof ownDirectory === 'string' ? ownDirectory : place
    const hasTitle = typeof title === 'string' && !title.startsWith('tnt[')
    return {
      name: directory !== place ? basename(directory) : hasTitle ? title : 'instance',
      state: answer ? 'running' : 'does not answer',
      uri: uriOf(listen),
      pid: typeof pid === 'number' ? pid : undefined,
      version: typeof version === 'string' ? version : undefined,
      directory,
      console: { path: console },
    }
  } finally {
    connection.close()
  }
}

/**
 * Asks the servers in a directory that no test run owns: a `TarantoolInstance` of a script, or the members of its cluster.
 * They answer for themselves.
 */
export async function askServers(directory: string): Promise<RunningServer[]> {
  const asked = await Promise.all(socketsIn(directory).map(sockets => askServer(directory, sockets)))
  return asked.filter(server => server !== undefined)
}
