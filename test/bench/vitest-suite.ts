import { rmSync } from 'node:fs'
import { Broker } from '../../src/broker/broker.ts'
import { BrokerClient } from '../../src/broker/client.ts'
import { resolveFixture } from '../../src/config/fixture-config.ts'
import { installRunners } from '../e2e/support/install.ts'
import { kilobytesOf, loadedBy } from '../support/loaded-files.ts'
import { comparisonOf, type Measured, measured, perPiece } from './pairs.ts'
import { installEmptyModule, makeProject, runProject, vitest } from './project.ts'
import { reportTime, reportValue } from './report.ts'
import { benchWholeRun } from './whole-run.ts'

/** What a test file pays for the import, and a test for useTarantool(). */
async function benchTestFile(rounds: number): Promise<void> {
  const timed = (use: string): string => `${use}
    import { afterAll, test } from 'vitest'
    const began = performance.now()
    for (let round = 0; round < 200; round++) test('nothing ' + round, () => {})
    afterAll(() => console.log('TOOK tests ' + (performance.now() - began)))`
  const imports = (name: string, module: string): string => `
    import { test } from 'vitest'
    const began = performance.now()
    await import('${module}')
    console.log('TOOK ${name} ' + (performance.now() - began))
    test('nothing', () => {})`
  const project = (files: Record<string, string>, setup: boolean): string =>
    makeProject(vitest, {
      'vitest.config.js': `export default { test: { maxWorkers: 1, disableConsoleIntercept: true${setup ? ", globalSetup: './setup.js'" : ''} } }`,
      'setup.js': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        export default defineTarantool({ isolation: 'none' })`,
      ...files,
    })
  const empty = installEmptyModule(vitest)
  const directories = {
    used: project(
      { 'a.test.js': timed("import { useTarantool } from 'tarantool-fixture/vitest'\nuseTarantool()") },
      true,
    ),
    unused: project({ 'a.test.js': timed('') }, false),
    module: project({ 'a.test.js': imports('import', 'tarantool-fixture/vitest') }, false),
    empty: project({ 'a.test.js': imports('import', 'empty-module') }, false),
  }
  const took: Record<string, number[]> = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, directory] of Object.entries(directories)) {
      const { output } = await runProject(vitest, directory)
      took[name] ??= []
      took[name].push(Number(/TOOK \w+ ([\d.]+)/.exec(output)?.[1]))
    }
  }
  for (const directory of [empty, ...Object.values(directories)]) rmSync(directory, { recursive: true })
  const more = (name: string, than: string): Measured => comparisonOf(took[name] ?? [], took[than] ?? []).difference
  reportTime('import in a test file, more than an empty module: Vitest', more('module', 'empty'), 8)
  reportTime('`useTarantool()`, per test, without isolation', perPiece(more('used', 'unused'), 200), 1)
}

/** A lease of a server that runs. */
async function benchLease(rounds: number): Promise<void> {
  const broker = await Broker.listen({ fixture: resolveFixture({}, process.cwd()) })
  const client = new BrokerClient(broker.path)
  const times: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now()
    const begun = client.request('begin', { worker: { pid: process.pid, thread: 0 }, slot: 1 })
    await Promise.all([begun, client.request('lease', { server: 'default' })])
    if (round > 0) times.push(performance.now() - began)
  }
  client.close()
  await broker.close()
  reportTime('lease of a running server', measured(times), 5)
}

/** The JavaScript that a test file loads with the package: the entry, the setup file, and all that they import. */
function measureSize(): void {
  const { files } = loadedBy('vitest')
  reportValue('JavaScript that a test file loads', kilobytesOf(files), 'kB', 100)
}

export async function benchVitest(pairs: number): Promise<void> {
  await installRunners([vitest])
  await benchWholeRun(vitest, Math.max(pairs, 5))
  await benchTestFile(5)
  await benchLease(50)
  measureSize()
}
