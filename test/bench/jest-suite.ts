import { rmSync } from 'node:fs'
import { installRunners } from '../e2e/support/install.ts'
import { comparisonOf } from './pairs.ts'
import { installEmptyModule, jest, makeProject, runProject } from './project.ts'
import { reportTime } from './report.ts'
import { benchWholeRun } from './whole-run.ts'

/** What a test file pays for the import. */
async function benchImport(rounds: number): Promise<void> {
  const project = (module: string): string =>
    makeProject(jest, {
      'jest.config.js': 'module.exports = { maxWorkers: 1, verbose: false }',
      'a.test.js': `
        const began = performance.now()
        require('${module}')
        process.stderr.write('TOOK ' + (performance.now() - began) + '\\n')
        test('nothing', () => {})`,
    })
  const empty = installEmptyModule(jest)
  const directories = { ours: project('tarantool-fixture/jest'), empty: project('empty-module') }
  const took: Record<keyof typeof directories, number[]> = { ours: [], empty: [] }
  for (let round = 0; round < rounds; round++) {
    for (const name of ['ours', 'empty'] as const) {
      const { output } = await runProject(jest, directories[name])
      took[name].push(Number(/TOOK ([\d.]+)/.exec(output)?.[1]))
    }
  }
  for (const directory of [empty, ...Object.values(directories)]) rmSync(directory, { recursive: true })
  const { difference } = comparisonOf(took.ours, took.empty)
  reportTime('import in a test file, more than an empty module: Jest', difference, 6)
}

export async function benchJest(pairs: number): Promise<void> {
  await installRunners([jest])
  await benchWholeRun(jest, Math.max(pairs, 5))
  await benchImport(Math.max(pairs, 5))
}
