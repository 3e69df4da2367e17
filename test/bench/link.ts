import { join } from 'node:path'
import { execaSync } from 'execa'
import { TarantoolInstance } from '../../src/index.ts'
import { IprotoConnection } from '../../src/protocol/iproto/connection.ts'
import { compare } from './pairs.ts'
import { report } from './report.ts'

const callsAtATime = 500
// The system gives each server a core of its choice, which counts for more than a link. So several servers take turns.
const serverCount = 8

interface Ways {
  readonly server: TarantoolInstance
  readonly linked: IprotoConnection
  readonly direct: IprotoConnection
}

async function start(): Promise<Ways> {
  const server = await new TarantoolInstance({ links: true }).start()
  const { host, port, workDir } = server
  const [linked, direct] = await Promise.all([
    IprotoConnection.connect({ host, port: port as number }),
    // The socket behind the link.
    IprotoConnection.connect({ path: join(workDir, 'server.sock') }),
  ])
  return { server, linked, direct }
}

async function time(connection: IprotoConnection): Promise<number> {
  const begin = performance.now()
  for (let count = 0; count < callsAtATime; count++) await connection.call('math.abs', [-1])
  return (performance.now() - begin) / callsAtATime
}

/** What a link costs that does nothing: a call through the link, beside one that goes straight to the same server. */
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
    const comparison = await compare(
      4 * pairs,
      () => time(next('linked')),
      () => time(next('direct')),
    )
    report('call through a link that does nothing, compared to a direct call', comparison, 1.3)
  } finally {
    for (const { linked, direct } of all) for (const connection of [linked, direct]) connection.close()
    await Promise.all(all.map(({ server }) => server.stop()))
  }
}
