import { execaSync } from 'execa'
import { TarantoolInstance, TarantoolSyncInstance } from '../../src/index.ts'
import { measured } from './pairs.ts'
import { reportTime } from './report.ts'

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
    const more: number[] = []
    // The first 100 warm up.
    for (let pair = 0; pair < pairs * 10 + 5; pair++) {
      const ours = time(() => {
        for (let count = 0; count < callsAtATime; count++) blocking()
      })
      const bare = await timeAsync(asynchronous)
      if (pair < 5) continue
      more.push(ours - bare)
    }
    reportTime(`a blocking \`${name}()\`, more than the same call awaited`, measured(more), 0.5)
  }
  sync.stop()
  await twin.stop()
}
