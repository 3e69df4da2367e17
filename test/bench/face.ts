import { rmSync } from 'node:fs'
import { installRunners } from '../e2e/support/install.ts'
import { comparisonOf } from './pairs.ts'
import { makeProject, runProject, vitest } from './project.ts'
import { report, reportTime } from './report.ts'

/**
 * What the handle of a replica set costs: before each call, the handle asks the latest leader whether it still leads. In
 * turn in one test, beside the same call of the handle of the leader.
 */
export async function benchFace(pairs: number): Promise<void> {
  await installRunners([vitest])
  const directory = makeProject(vitest, {
    'vitest.config.js': `export default { test: { globalSetup: './setup.js', disableConsoleIntercept: true, testTimeout: 60000 } }`,
    'setup.js': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool({ replicas: 3, isolation: 'none' })`,
    'a.test.js': `import { useTarantool } from 'tarantool-fixture/vitest'
      import { test } from 'vitest'
      const set = useTarantool()
      test('calls', async () => {
        const ways = { set, leader: set.instance((await set.leader()).name) }
        for (let pair = 0; pair <= ${4 * pairs}; pair++) for (const [name, handle] of Object.entries(ways)) {
          const began = performance.now()
          for (let count = 0; count < 500; count++) await handle.call('math.abs', -1)
          if (pair > 0) console.log('TOOK ' + name + ' ' + (performance.now() - began) / 500)
        }
      })`,
  })
  const { output } = await runProject(vitest, directory)
  rmSync(directory, { recursive: true })
  const timesOf = (way: string): number[] =>
    [...output.matchAll(new RegExp(`TOOK ${way} ([\\d.]+)`, 'g'))].map(([, time]) => Number(time))
  const comparison = comparisonOf(timesOf('set'), timesOf('leader'))
  const label = 'the shortest call of the handle of a replica set, compared to the handle of its leader'
  report(label, comparison)
  reportTime(`${label}, more per call`, comparison.difference)
}
