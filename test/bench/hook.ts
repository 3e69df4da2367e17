import { rmSync } from 'node:fs'
import { installRunners } from '../e2e/support/install.ts'
import { comparisonOf, measured } from './pairs.ts'
import { makeProject, runProject, vitest } from './project.ts'
import { reportTime, reportValue } from './report.ts'
import { appLua, changeTenRows } from './reset.ts'

/**
 * What a test pays in a real run: the time between the tests of a suite with 'reset' less that of one with 'none', in turn
 * in one file, beside a bare round trip of the console.
 */
export async function benchHook(): Promise<void> {
  await installRunners([vitest])
  const measure = async (change: string): Promise<{ ours: number; bare: number }> => {
    const directory = makeProject(vitest, {
      'vitest.config.js': `export default { test: { globalSetup: './setup.js', disableConsoleIntercept: true } }`,
      'setup.js': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        export default defineTarantool({ appLua: ${JSON.stringify(appLua)} })`,
      'a.test.js': `import { useTarantool } from 'tarantool-fixture/vitest'
        import { connect } from 'node:net'
        import { afterAll, describe, test } from 'vitest'
        const between = { none: [], reset: [] }, trips = []
        let ended, socket
        const reply = () => new Promise(resolve => socket.once('data', resolve))
        for (let turn = 0; turn < 10; turn++) for (const isolation of ['none', 'reset']) describe(isolation + turn, () => {
          const tarantool = useTarantool({ isolation })
          for (let round = 0; round < 60; round++) test('round ' + round, async () => {
            if (turn > 0 && round > 0) between[isolation].push(performance.now() - ended)
            if (!socket) {
              socket = connect(tarantool.consolePort)
              await reply()
            }
            const began = performance.now()
            socket.write('1\\n')
            await reply()
            trips.push(performance.now() - began)
            await tarantool.eval(${JSON.stringify(change)})
            ended = performance.now()
          })
        })
        const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
        afterAll(() => {
          socket.destroy()
          console.log('TOOK ' + (median(between.reset) - median(between.none)) + ' ' + median(trips))
        })`,
    })
    const { output } = await runProject(vitest, directory)
    rmSync(directory, { recursive: true })
    const [, ours, bare] = /TOOK ([\d.]+) ([\d.]+)/.exec(output) ?? []
    return { ours: Number(ours), bare: Number(bare) }
  }
  for (const [change, statement, atMost] of [
    ['10 rows changed', changeTenRows, 2],
    ['nothing changed', 'return 1', 1.2],
  ] as const) {
    const runs = []
    for (let round = 0; round < 5; round++) runs.push(await measure(statement))
    const times = runs.map(({ ours }) => ours)
    const { ratio } = comparisonOf(
      times,
      runs.map(({ bare }) => bare),
    )
    reportTime(`reset, per test: ${change}`, measured(times))
    reportValue(`reset, per test, in round trips of the console: ${change}`, ratio, 'trips', atMost)
  }
}
