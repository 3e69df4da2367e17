import { TarantoolInstance } from '../../src/index.ts'
import { startBare, stopBare } from './bare-server.ts'
import { compare, report } from './pairs.ts'

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
  report('start to ready / bare spawn to marker', start, 1.1)
  const stop = await compare(
    stops.ours.length - 1,
    async () => stops.ours.shift() ?? Number.NaN,
    async () => stops.bare.shift() ?? Number.NaN,
  )
  report('stop / bare SIGTERM, exit and rm -r', stop, 1.3)
}
