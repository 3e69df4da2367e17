import { connect } from 'node:net'
import { TarantoolInstance } from '../../src/index.ts'
import { measured } from './pairs.ts'
import { reportTime } from './report.ts'

const connectionsAtATime = 100

// A connection takes some hundred microseconds of which the question is a part that a busy machine's waits would hide: what
// counts is what the server works.
async function workedFor(server: TarantoolInstance): Promise<number> {
  const [seconds] = await server.eval<[number]>("return require('clock').thread()")
  return seconds * 1000
}

/** Milliseconds of processor time that a server's main thread spends on a connection, greeted and closed. */
async function workOfConnection(server: TarantoolInstance): Promise<number> {
  const before = await workedFor(server)
  for (let count = 0; count < connectionsAtATime; count++) {
    const socket = connect(server.port as number, '127.0.0.1')
    await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject))
    const closed = new Promise(resolve => socket.once('close', resolve))
    socket.destroy()
    await closed
  }
  return ((await workedFor(server)) - before) / connectionsAtATime
}

/** What it costs that a server asks the kernel whose a connection is. */
export async function benchAccess(pairs: number): Promise<void> {
  const asking = await new TarantoolInstance().start()
  const open = await new TarantoolInstance({ access: 'any' }).start()
  try {
    const differences: number[] = []
    for (let pair = 0; pair <= pairs; pair++) {
      const [first, second] = pair % 2 === 0 ? [asking, open] : [open, asking]
      const work = new Map([[first, await workOfConnection(first)]])
      work.set(second, await workOfConnection(second))
      // The first warms up.
      if (pair > 0) differences.push((work.get(asking) ?? Number.NaN) - (work.get(open) ?? Number.NaN))
    }
    reportTime(
      "check of a connection's owner, per connection, more than with `access: 'any'`",
      measured(differences),
      0.1,
    )
  } finally {
    await Promise.all([asking.stop(), open.stop()])
  }
}
