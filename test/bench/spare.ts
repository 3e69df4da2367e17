import { rmSync } from 'node:fs'
import { installRunners } from '../e2e/support/install.ts'
import { median } from './pairs.ts'
import { makeProject, runProject, vitest } from './project.ts'

// Long enough for a spare to be ready before its turn comes.
const testTakes = 400

/** What passes between the end of one test and the beginning of the next, in milliseconds. */
async function timeBetweenTests(isolation: string, tests: number): Promise<number> {
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
  return median([...output.matchAll(/TOOK ([\d.]+)/g)].map(([, took]) => Number(took)))
}

/** How long a test waits for the process that another made ready. */
export async function benchSpare(tests: number): Promise<void> {
  await installRunners([vitest])
  const none = await timeBetweenTests('none', tests)
  const wait = (await timeBetweenTests('process', tests)) - none
  const restart = (await timeBetweenTests('restart', tests)) - none
  const verdict = wait <= 10 ? 'ok' : 'OVER'
  console.log(
    `${"wait for a warm spare, isolation 'process'".padEnd(68)} ${wait.toFixed(2)} ms (at most 10: ${verdict})`,
  )
  console.log(`${"the same with isolation 'restart'".padEnd(68)} ${restart.toFixed(2)} ms`)
}
