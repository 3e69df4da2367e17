import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { has } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { faultPrograms } from './fault-steps.ts'
import { isAmong, lossesByChanges, lossesByFaults } from './losses.ts'
import { Lost, SetUnderFaults } from './set-under-faults.ts'
import { Tally } from './tally.ts'

useOwnCache()

const appLua = fileURLToPath(new URL('../fixtures/isolation/member.lua', import.meta.url))
const options = {
  ...{ replicas: 3, appLua, links: true, quiet: true, logLevel: 2, timeout: 20_000 },
  boxCfg: { vinyl_cache: 0, vinyl_memory: 16_777_216 },
}

// PROGRAMS=500 runs others, and shows what they did. SEED=… repeats a failure.
const count = Number(process.env.PROGRAMS ?? 20)
const seed = process.env.PROGRAMS && !process.env.SEED ? {} : { seed: Number(process.env.SEED ?? 5) }

const election = has('elections') ? [{ failover: 'election', seedTemplate: true } as const] : []
const ways = [
  { failover: 'manual', seedTemplate: true },
  { failover: 'manual', seedTemplate: false },
  ...election,
] as const
// FAILOVER=election and TEMPLATE=no choose one of the ways.
const { FAILOVER, TEMPLATE } = process.env
const chosen = ways.filter(({ failover, seedTemplate }) => {
  return (FAILOVER ?? failover) === failover && (TEMPLATE === undefined || (TEMPLATE === 'no') !== seedTemplate)
})

describe.each(chosen)("failover: '$failover', seedTemplate: $seedTemplate", ({ failover, seedTemplate }) => {
  test('after a reset, each member is as it was, whatever faults there were', { timeout: 7_200_000 }, async () => {
    const tally = new Tally()
    const set = new SetUnderFaults({ ...options, failover, seedTemplate }, tally)
    onTestFinished(async () => await set.stop())
    await set.start()
    await fc.assert(
      fc.asyncProperty(faultPrograms, async steps => {
        tally.count('programs')
        try {
          await set.run(steps)
        } catch (error) {
          await set.renew()
          if (!(error instanceof Lost)) throw error
          if (!isAmong([...lossesByChanges, ...lossesByFaults], error.message)) throw error
          tally.count(`lost: ${error.message.replaceAll(/\d+/g, 'N')}`)
          tally.count('lost')
        }
      }),
      { numRuns: count, ...seed, endOnFailure: process.env.SHRINK === '0' },
    )
    if (process.env.PROGRAMS) console.log(`failover: '${failover}', seedTemplate: ${seedTemplate}\n${tally}`)
    if (count < 20) return
    for (const what of ['replaced members', 'moved leaders', 'links: cut', 'partitions', 'pause', 'added members']) {
      expect(tally.of(what), what).toBeGreaterThan(0)
    }
    // The others were undone in place. Without a template, a leader that has ended costs the set.
    expect(tally.of('lost')).toBeLessThan(seedTemplate ? count / 3 : count)
  })
})
