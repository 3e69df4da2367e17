import { rmSync } from 'node:fs'
import { installRunners } from '../e2e/support/install.ts'
import { measured, median } from './pairs.ts'
import { makeProject, runProject, vitest } from './project.ts'
import { reportTime } from './report.ts'

// Long enough for a spare to be ready before its turn comes.
const testTakes = 400

/** The times that pass between the end of one test and the beginning of the next, in milliseconds. */
async function timesBetweenTests(isolation: string, tests: number): Promise<number[]> {
  const directory = makeProject(vitest, {
    'vitest.config.js': `export default { test: { globalSetup: './setup.js', disableConsoleIntercept: true } }`,
    'setup.js': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool({ isolation: '${isolation}' })`,
    'a.test.js': `import { useTarantool } from 'tarantool-fixture/vitest'
      import { test } from 'vitest'
      const tarantool = useTarantool()
      let ended
      for (let round = 0; round <= ${tests}; round++) test('round ' + round, async () => {
        if (ended !== undefined) console.log('TOOK ' + (performance.now() - ended))
        await new Promise(resolve => setTimeout(resolve, ${testTakes}))
        await tarantool.eval('return 1')
        ended = performance.now()
      })`,
  })
  const { output } = await runProject(vitest, directory)
  rmSync(directory, { recursive: true })
  return [...output.matchAll(/TOOK ([\d.]+)/g)].map(([, took]) => Number(took))
}

/** How long a test waits for the process that another made ready. */
export async function benchSpare(tests: number): Promise<void> {
  await installRunners([vitest])
  const none = median(await timesBetweenTests('none', tests))
  for (const [isolation, atMost] of [
    ['process', 10],
    ['restart', undefined],
  ] as const) {
    const more = (await timesBetweenTests(isolation, tests)).map(time => time - none)
    reportTime(`wait for a new process between two tests, with isolation \`'${isolation}'\``, measured(more), atMost)
  }
}
