import { execaSync } from 'execa'
import { TarantoolInstance } from '../../src/index.ts'
import { IprotoConnection } from '../../src/protocol/iproto/connection.ts'
import { compare } from './pairs.ts'
import { report } from './report.ts'

const callsAtATime = 500
// The system gives each server a core of its choice, which counts for more than a link. So several servers take turns.
const serverCount = 8

// A request as an application has it: it writes a row to the log of changes, and reads some.
const appLua = `
  local users = box.schema.space.create('users')
  users:create_index('id')
  for id = 1, 100 do users:insert({ id, 'user ' .. id }) end
  function rename_user(id, name)
    users:update(id, { { '=', 2, name } })
    return users:select(id, { iterator = 'GE', limit = 10 })
  end`

interface Ways {
  readonly server: TarantoolInstance
  readonly linked: IprotoConnection
  readonly direct: IprotoConnection
}

async function start(): Promise<Ways> {
  const server = await new TarantoolInstance({ appLua, links: true, walMode: 'write' }).start()
  const { host, port } = server
  const linked = await IprotoConnection.connect({ host, port: port as number })
  // The link keeps its connection to the server when the server listens elsewhere: as without links, on TCP.
  const [uri] = await server.eval("box.cfg{ listen = '127.0.0.1:0' } return box.info.listen")
  const direct = await IprotoConnection.connect({ host, port: Number(String(uri).split(':').pop()) })
  return { server, linked, direct }
}

async function time(connection: IprotoConnection, name: string, args: readonly unknown[]): Promise<number> {
  const begin = performance.now()
  for (let count = 0; count < callsAtATime; count++) await connection.call(name, args)
  return (performance.now() - begin) / callsAtATime
}

/** What a link costs that does nothing: calls through the link, beside calls that go straight to the same server. */
export async function benchLink(pairs: number): Promise<void> {
  // The thread of the links runs what is built.
  execaSync('npm', ['run', 'build'])
  const all = await Promise.all(Array.from({ length: serverCount }, start))
  let turn = 0
  const next = (way: 'linked' | 'direct'): IprotoConnection => {
    // `compare` asks for both of a pair, one after the other.
    const server = all[Math.floor(turn++ / 2) % all.length]
    if (!server) throw new Error('there are servers')
    return server[way]
  }
  try {
    for (const [what, name, args] of [
      ['the shortest call', 'math.abs', [-1]],
      ['a call that updates a row and reads ten', 'rename_user', [7, 'ann']],
    ] as const) {
      const comparison = await compare(
        4 * pairs,
        () => time(next('linked'), name, args),
        () => time(next('direct'), name, args),
      )
      report(`${what} through a link that does nothing, compared to the same without a link, over TCP`, comparison, 1.3)
    }
  } finally {
    for (const { linked, direct } of all) for (const connection of [linked, direct]) connection.close()
    await Promise.all(all.map(({ server }) => server.stop()))
  }
}
