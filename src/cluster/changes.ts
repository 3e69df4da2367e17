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
export async function settle(instances: readonly TarantoolInstance[]): Promise<void> {
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

/**
 * Asks the instances for changes since the last call: whether any of them has written data, and whether clients other
 * than the fixture were connected. An instance that does not answer counts as changed.
 */
export async function changesOf(
  instances: readonly TarantoolInstance[],
): Promise<{ wrote: boolean; clients: boolean }> {
  const ask = async (instance: TarantoolInstance): Promise<{ wrote: boolean; clients: boolean }> => {
    try {
      const [wrote, clients] = await instance.command("return require('tarantool-fixture').changes()", {
        timeout: 5000,
      })
      return { wrote: wrote === true, clients: clients === true }
    } catch {
      return { wrote: true, clients: false }
    }
  }
  const answers = await Promise.all(instances.map(ask))
  return { wrote: answers.some(({ wrote }) => wrote), clients: answers.some(({ clients }) => clients) }
}
