import { rmSync } from 'node:fs'
import { TarantoolInstance } from '../../src/index.ts'
import { isJest, type Runner } from '../e2e/support/runners.ts'
import { compare } from './pairs.ts'
import { makeProject, runProject } from './project.ts'
import { report } from './report.ts'

const app =
  "box.schema.space.create('rows'):create_index('pk') function put(id) return box.space.rows:replace({ id, 'row' }) end"

const suite = (imports: string, address: string): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: 8 }, (_, file) => [
      `test/file-${file}.test.js`,
      `${imports}
      const { host, port } = ${address}
      const connection = new TarantoolConnection({ host, port, lazyConnect: true })
      afterAll(() => connection.disconnect())
      for (let round = 0; round < 10; round++) {
        test('puts rows ' + round, async () => {
          for (let id = 0; id < 20; id++) expect((await connection.call('put', id))[0][0]).toBe(id)
        })
      }`,
    ]),
  )

const ofVitest = {
  imports: `import TarantoolConnection from 'tarantool-driver'
    import { afterAll, expect, test } from 'vitest'`,
  use: "import { useTarantool } from 'tarantool-fixture/vitest'",
  slot: 'VITEST_POOL_ID',
  bare: { 'vitest.config.js': 'export default { test: { maxWorkers: 2 } }' },
  ours: {
    'vitest.config.js': "export default { test: { maxWorkers: 2, globalSetup: './setup.js' } }",
    'setup.js': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool({ appLua: ${JSON.stringify(app)} })`,
  },
}

const ofJest = {
  imports: "const TarantoolConnection = require('tarantool-driver')",
  use: "const { useTarantool } = require('tarantool-fixture/jest')",
  slot: 'JEST_WORKER_ID',
  bare: { 'jest.config.js': 'module.exports = { maxWorkers: 2 }' },
  ours: {
    'jest.config.js':
      "module.exports = { maxWorkers: 2, globalSetup: './setup.js', globalTeardown: 'tarantool-fixture/jest/teardown' }",
    'setup.js': `const { defineTarantool } = require('tarantool-fixture/jest/setup')
      module.exports = defineTarantool({ appLua: ${JSON.stringify(app)} })`,
  },
}

/** A whole run of 8 files on 2 workers, beside the same against servers that ran before. */
export async function benchWholeRun(runner: Runner, pairs: number): Promise<void> {
  const { imports, use, slot, ...files } = isJest(runner) ? ofJest : ofVitest
  const ours = makeProject(runner, { ...files.ours, ...suite(`${imports}\n${use}`, 'useTarantool()') })
  const bare = makeProject(runner, {
    ...files.bare,
    ...suite(imports, `{ host: '127.0.0.1', port: Number(process.env['SERVER_' + process.env.${slot}]) }`),
  })
  const servers = await Promise.all([1, 2].map(() => new TarantoolInstance({ appLua: app }).start()))
  const env = { SERVER_1: String(servers[0]?.port), SERVER_2: String(servers[1]?.port) }
  const result = await compare(
    pairs,
    async () => (await runProject(runner, ours)).took,
    async () => (await runProject(runner, bare, env)).took,
  )
  report(
    `whole run of 8 files on 2 workers, compared to servers that were started before: ${runner.name}`,
    result,
    isJest(runner) ? 1.15 : 1.12,
  )
  await Promise.all(servers.map(server => server.stop()))
  for (const directory of [ours, bare]) rmSync(directory, { recursive: true })
}
