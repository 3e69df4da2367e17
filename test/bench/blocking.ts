import { execaSync } from 'execa'
import { TarantoolInstance, TarantoolSyncInstance } from '../../src/index.ts'
import { median } from './pairs.ts'

const callsAtATime = 20

function time(calls: () => void): number {
  const begin = performance.now()
  calls()
  return (performance.now() - begin) / callsAtATime
}

async function timeAsync(call: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  for (let count = 0; count < callsAtATime; count++) await call()
  return (performance.now() - begin) / callsAtATime
}

/** What a blocking call costs beside its asynchronous twin. */
export async function benchBlocking(pairs: number): Promise<void> {
  // The thread that owns the servers runs what is built.
  execaSync('npm', ['run', 'build'])
  const twin = await new TarantoolInstance().start()
  const sync = new TarantoolSyncInstance().start()
  for (const [name, blocking, asynchronous] of [
    ['eval', () => sync.eval('return 1'), () => twin.eval('return 1')],
    ['command', () => sync.command('1'), () => twin.command('1')],
  ] as const) {
    const times: { ours: number[]; twin: number[] } = { ours: [], twin: [] }
    // The first 100 warm up.
    for (let pair = 0; pair < pairs * 10 + 5; pair++) {
      const ours = time(() => {
        for (let count = 0; count < callsAtATime; count++) blocking()
      })
      const bare = await timeAsync(asynchronous)
      if (pair < 5) continue
      times.ours.push(ours)
      times.twin.push(bare)
    }
    const [ours, bare] = [median(times.ours), median(times.twin)]
    const verdict = ours - bare <= 0.5 ? 'ok' : 'OVER'
    console.log(
      `${`a blocking ${name}, beside ${name}`.padEnd(44)} ${ours.toFixed(3).padStart(9)} ms ${bare.toFixed(3).padStart(9)} ms   ${(ours - bare).toFixed(3)} ms more (at most 0.5: ${verdict})`,
    )
  }
  sync.stop()
  await twin.stop()
}
