import { setTimeout as delay } from 'node:timers/promises'
import type { TarantoolInstance } from '../instance/instance.ts'

// In milliseconds. An application may write all the time, so the wait for equal data has to end.
const pause = 5
const longestWait = 1000

const vectorClock = `local clock = {}
for id, lsn in pairs(box.info.vclock) do if id > 0 then clock[tostring(id)] = lsn end end
return clock`

/**
 * Waits until the instances of a replica set have the same data, as far as the application lets them. The data of then is
 * the data that tests begin with.
 */
export async function beginWithSameData(instances: readonly TarantoolInstance[]): Promise<void> {
  for (const giveUpAt = performance.now() + longestWait; instances.length > 1; await delay(pause)) {
    const clocks = await Promise.all(instances.map(instance => instance.command(vectorClock)))
    const [first, ...others] = clocks.map(([clock]) => textOf(clock))
    if (others.every(other => other === first) || performance.now() > giveUpAt) break
  }
  await Promise.all(instances.map(instance => instance.command("require('tarantool-fixture').begin_changes()")))
}

const textOf = (clock: unknown): string =>
  JSON.stringify(
    Object.entries(clock as object).sort(([a], [b]) => (a < b ? -1 : 1)),
    (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  )
