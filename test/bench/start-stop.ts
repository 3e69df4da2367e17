import { TarantoolInstance } from '../../src/index.ts'
import { startBare, stopBare } from './bare-server.ts'
import { compare, comparisonOf } from './pairs.ts'
import { report } from './report.ts'

/** Start to ready, and stop to gone, beside the same by hand. */
export async function benchStartAndStop(pairs: number): Promise<void> {
  const stops: { ours: number[]; bare: number[] } = { ours: [], bare: [] }
  const start = await compare(
    pairs,
    async () => {
      const instance = new TarantoolInstance({ prefork: false })
      const began = performance.now()
      await instance.start()
      const took = performance.now() - began
      const stopped = performance.now()
      await instance.stop()
      stops.ours.push(performance.now() - stopped)
      return took
    },
    async () => {
      const server = await startBare()
      stops.bare.push(await stopBare(server))
      return server.took
    },
  )
  report('start until ready, compared to a bare spawn of the same server', start, 1.1)
  // The first pair warms up.
  const stop = comparisonOf(stops.ours.slice(1), stops.bare.slice(1))
  report('stop, compared to SIGTERM, exit and removal of the directory', stop, 1.3)
}
