import { execaSync } from 'execa'
import { TarantoolInstance } from '../../src/index.ts'
import { IprotoConnection } from '../../src/protocol/iproto/connection.ts'
import { compare } from './pairs.ts'
import { report } from './report.ts'

const callsAtATime = 500

/** What a link costs that does nothing: a call through the link, beside one that goes straight to a server. */
export async function benchLink(pairs: number): Promise<void> {
  // The thread of the links runs what is built.
  execaSync('npm', ['run', 'build'])
  const linked = await new TarantoolInstance({ links: true }).start()
  const direct = await new TarantoolInstance().start()
  const connect = async ({ host, port }: TarantoolInstance): Promise<IprotoConnection> =>
    await IprotoConnection.connect({ host, port: port as number })
  const [one, other] = [await connect(linked), await connect(direct)]
  const time = async (connection: IprotoConnection): Promise<number> => {
    const begin = performance.now()
    for (let count = 0; count < callsAtATime; count++) await connection.call('math.abs', [-1])
    return (performance.now() - begin) / callsAtATime
  }
  try {
    const comparison = await compare(
      4 * pairs,
      () => time(one),
      () => time(other),
    )
    report('call through a link that does nothing, compared to a direct call', comparison, 1.3)
  } finally {
    one.close()
    other.close()
    await Promise.all([linked.stop(), direct.stop()])
  }
}
