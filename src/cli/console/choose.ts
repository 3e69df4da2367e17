import { createInterface } from 'node:readline/promises'
import { NotRunningError, UnknownServerError } from '../../errors.ts'
import { cellsOf } from '../ps.ts'
import { findRunning } from '../running.ts'
import type { RunningServer } from '../running-server.ts'
import { aligned } from '../text.ts'
import { connectToConsole, connectToUri, parseServerUri, type Target } from './target.ts'

const fileOf = ({ lease, held }: RunningServer): string | undefined => lease?.file ?? held?.testFile

/** The server that a person means: a name, a port, an address, a pid, or a part of the test file that has the server. */
function matching(servers: readonly RunningServer[], wanted: string): RunningServer[] {
  const exact = servers.filter(
    ({ name, uri, pid, directory }) =>
      [name, uri, directory, String(pid)].includes(wanted) || uri?.endsWith(`:${wanted}`),
  )
  return exact.length > 0 ? exact : servers.filter(server => fileOf(server)?.includes(wanted))
}

const lines = (servers: readonly RunningServer[]): string =>
  aligned(
    servers.map((server, index) => [`${index + 1}`, ...cellsOf(server), fileOf(server) ?? '']),
    '  ',
  )

async function ask(servers: readonly RunningServer[]): Promise<RunningServer> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  process.stderr.write(`Several servers run:\n${lines(servers)}`)
  try {
    for (;;) {
      const answer = Number(await terminal.question(`Which one? (1 to ${servers.length}) `))
      const server = servers[answer - 1]
      if (server) return server
    }
  } finally {
    terminal.close()
  }
}

async function chooseFrom(servers: readonly RunningServer[], wanted: string | undefined): Promise<RunningServer> {
  const [only, ...others] = servers
  if (only && others.length === 0) return only
  if (process.stdin.isTTY) return await ask(servers)
  const what = wanted === undefined ? 'several servers run' : `several servers match '${wanted}'`
  throw new UnknownServerError(`${what}:\n${lines(servers).trimEnd()}`, {
    hint: 'Name one of them by its port: tarantool-fixture console 18524',
  })
}

const isReachable = ({ console }: RunningServer): boolean => console !== undefined

/**
 * Connects to the server that a person has named; without a name, to the only one that runs, or to the one that the person
 * chooses from a list.
 *
 * @throws NotRunningError, UnknownServerError, ConnectionError
 */
export async function chooseTarget(wanted: string | undefined, root: string | undefined): Promise<Target> {
  const servers = (await findRunning(root)).flatMap(owner => owner.servers).filter(isReachable)
  const found = wanted === undefined ? servers : matching(servers, wanted)
  if (found.length > 0) {
    const { name, uri, console } = await chooseFrom(found, wanted)
    if (console) return await connectToConsole(name === 'instance' ? (uri ?? name) : name, console)
  }
  const uri = wanted === undefined ? undefined : parseServerUri(wanted)
  if (uri) return await connectToUri(wanted?.slice(wanted.lastIndexOf('@') + 1) ?? '', uri)
  if (servers.length === 0) {
    throw new NotRunningError('no server of yours runs', {
      hint: 'Start a run in watch mode, or run `tarantool-fixture start`. A server elsewhere is user:password@host:port.',
    })
  }
  throw new UnknownServerError(`no server matches '${wanted}'. These run:\n${lines(servers).trimEnd()}`, {
    hint: 'Name a server by its name, port or pid. A server elsewhere is user:password@host:port.',
  })
}
