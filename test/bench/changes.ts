import { once } from 'node:events'
import { connect } from 'node:net'
import { TarantoolInstance } from '../../src/index.ts'
import { comparisonOf, median } from './pairs.ts'
import { reportValue } from './report.ts'
import { appLua, changeTenRows } from './reset.ts'

const rounds = 100

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return performance.now() - began
}

/** What `changes()` costs after ten changed rows, beside a bare round trip of the console, in turn on one server. */
export async function benchChanges(pairs: number): Promise<void> {
  const server = await new TarantoolInstance({ appLua, recordChanges: true }).start()
  const socket = connect(String(server.consolePort))
  try {
    await once(socket, 'data')
    await server.eval(changeTenRows)
    const trip = async (): Promise<void> => {
      socket.write('1\n')
      await once(socket, 'data')
    }
    const ours: number[] = []
    const bare: number[] = []
    for (let pair = 0; pair <= pairs; pair++) {
      const times: [number, number][] = []
      for (let round = 0; round < rounds; round++) {
        times.push([await timed(() => server.changes()), await timed(trip)])
      }
      // The first warms up.
      if (pair === 0) continue
      ours.push(median(times.map(([time]) => time)))
      bare.push(median(times.map(([, time]) => time)))
    }
    const { ratio } = comparisonOf(ours, bare)
    reportValue('`changes()`, in round trips of the console: 10 rows changed', ratio, 'trips', 3)
  } finally {
    socket.destroy()
    await server.stop()
  }
}
