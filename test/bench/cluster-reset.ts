import { TarantoolReplicaSet } from '../../src/index.ts'
import { compare, median } from './pairs.ts'
import { reportGain, reportTime } from './report.ts'
import { appLua, changeTenRows } from './reset.ts'

// Without a template, and without a process to fork from.
const plain = { seedTemplate: false, prefork: false }

const newSet = (options: { seedTemplate?: boolean; prefork?: boolean } = {}): TarantoolReplicaSet =>
  new TarantoolReplicaSet({
    ...{ replicas: 3, recordChanges: true, quiet: true, ...options },
    appLua: `if not box.info.ro then ${appLua} end`,
  })

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return performance.now() - began
}

// The first resets after the start of another set are slower: that start has used the caches of the processor.
const resets = 200

/** The reset of a replica set of three in place, beside a new set. */
export async function benchClusterReset(pairs: number): Promise<void> {
  // The first set makes the template, and the second one tries it.
  for (let round = 0; round < 2; round++) await (await newSet().start()).kill()
  const set = await newSet().start()
  const leader = await set.leader()
  const many = async (change: string): Promise<number> => {
    const times: number[] = []
    for (let round = 0; round < resets; round++) {
      if (change !== '') await leader.eval(change)
      times.push(await timed(() => set.reset()))
    }
    return median(times)
  }
  const startAnew = async (options = {}): Promise<number> => {
    const other = newSet(options)
    const took = await timed(() => other.start())
    await other.kill()
    return took
  }
  try {
    await many(changeTenRows)
    const reset = (): Promise<number> => many(changeTenRows)
    const bootstrapped = await compare(pairs, () => startAnew(plain), reset)
    reportGain('new replica set of three, compared to a reset of 10 changed rows', bootstrapped, 200)
    const forked = await compare(pairs, () => startAnew(), reset)
    reportGain('new replica set of three, forked and from its template, compared to the same reset', forked)
    reportTime('reset of 10 changed rows in a replica set of three', forked.bare, 5)
    reportTime('reset of a replica set of three that has not changed', await many(''))
  } finally {
    await set.kill()
  }
}
