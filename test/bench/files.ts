import { rmSync } from 'node:fs'
import { installRunners } from '../e2e/support/install.ts'
import { isJest, type Runner } from '../e2e/support/runners.ts'
import { compare, perPiece } from './pairs.ts'
import { jest, makeProject, runProject, vitest } from './project.ts'
import { report, reportTime } from './report.ts'

const app =
  "box.schema.space.create('rows'):create_index('pk') function put(id) return box.space.rows:insert({ id, 'row' }) end"

/** What a project writes for one of its runners. */
interface Form {
  readonly imports: string
  readonly use: string
  readonly bare: Record<string, string>
  readonly ours: Record<string, string>
}

const ofVitest: Form = {
  imports: "import { expect, test } from 'vitest'",
  use: "import { useTarantool } from 'tarantool-fixture/vitest'",
  bare: { 'vitest.config.js': 'export default { test: { maxWorkers: 1 } }' },
  ours: {
    'vitest.config.js': "export default { test: { maxWorkers: 1, globalSetup: './setup.js' } }",
    'setup.js': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool({ appLua: ${JSON.stringify(app)} })`,
  },
}

const ofJest: Form = {
  imports: '',
  use: "const { useTarantool } = require('tarantool-fixture/jest')",
  bare: { 'jest.config.js': 'module.exports = { maxWorkers: 1 }' },
  ours: {
    'jest.config.js':
      "module.exports = { maxWorkers: 1, globalSetup: './setup.js', globalTeardown: 'tarantool-fixture/jest/teardown' }",
    'setup.js': `const { defineTarantool } = require('tarantool-fixture/jest/setup')
      module.exports = defineTarantool({ appLua: ${JSON.stringify(app)} })`,
  },
}

interface Suite {
  readonly files: number
  /** In each file. */
  readonly tests: number
}

// The test without a server compares the same values.
function testFiles({ imports, use }: Form, { files, tests }: Suite, withServer: boolean): Record<string, string> {
  const head = withServer ? `${imports}\n${use}\nconst tarantool = useTarantool()` : imports
  const row = withServer ? "(await tarantool.call('put', id))[0]" : "[id, 'row']"
  const text = `${head}
    for (let id = 0; id < ${tests}; id++) {
      test('inserts row ' + id, async () => { expect(${row}).toEqual([id, 'row']) })
    }`
  return Object.fromEntries(Array.from({ length: files }, (_, file) => [`test/file-${file}.test.js`, text]))
}

interface Limits {
  readonly ratio?: number
  /** The time that the fixture adds, in milliseconds. */
  readonly added: number
}

/** A whole run with a server for its tests, beside the same tests without a server. */
async function benchRun(runner: Runner, suite: Suite, pairs: number, limits: Limits): Promise<void> {
  const form = isJest(runner) ? ofJest : ofVitest
  const ours = makeProject(runner, { ...form.ours, ...testFiles(form, suite, true) })
  const bare = makeProject(runner, { ...form.bare, ...testFiles(form, suite, false) })
  const result = await compare(
    pairs,
    async () => (await runProject(runner, ours)).took,
    async () => (await runProject(runner, bare)).took,
  )
  const { files, tests } = suite
  const [count, unit] = files > 1 ? [files, 'file'] : [tests, 'test']
  const name = `run of ${count} small ${unit}s, compared to the same without a server: ${runner.name}`
  report(name, result, limits.ratio)
  reportTime(`${name}, more per ${unit}`, perPiece(result.difference, count), limits.added)
  for (const directory of [ours, bare]) rmSync(directory, { recursive: true })
}

/** The cost of many small test files, and of many small tests. Such runs are long, so a few pairs are enough. */
export async function benchFiles(pairs: number): Promise<void> {
  await installRunners([vitest, jest])
  // Each run takes many seconds.
  const few = Math.ceil(Math.min(pairs, 9) / 3)
  await benchRun(vitest, { files: 200, tests: 1 }, few, { ratio: 1.12, added: 20 })
  await benchRun(jest, { files: 50, tests: 1 }, few, { added: 20 })
  await benchRun(vitest, { files: 1, tests: 3000 }, few, { added: 1 })
}
