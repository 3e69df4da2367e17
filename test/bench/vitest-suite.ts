import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { execa } from 'execa'
import { Broker } from '../../src/broker/broker.ts'
import { BrokerClient } from '../../src/broker/client.ts'
import { resolveFixture } from '../../src/config/fixture-config.ts'
import { TarantoolInstance } from '../../src/index.ts'
import { installRunners } from '../e2e/support/install.ts'
import { installDirectory, nodeOf, type Runner, repository, vitests } from '../e2e/support/runners.ts'
import { compare, median, report } from './pairs.ts'

export const runner: Runner = vitests.find(({ name }) => name === 'vitest-4.1') as Runner

const app =
  "box.schema.space.create('rows'):create_index('pk') function put(id) return box.space.rows:replace({ id, 'row' }) end"

export function makeProject(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  symlinkSync(join(installDirectory(runner), 'node_modules'), join(directory, 'node_modules'))
  for (const [name, text] of Object.entries({ 'package.json': '{ "private": true, "type": "module" }', ...files })) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

export async function runVitest(
  directory: string,
  env: Record<string, string> = {},
): Promise<{ took: number; output: string }> {
  const script = join(directory, 'node_modules', 'vitest', 'vitest.mjs')
  const began = performance.now()
  const { all } = await execa(nodeOf(runner), [script, 'run'], { cwd: directory, env, all: true, stdin: 'ignore' })
  return { took: performance.now() - began, output: all }
}

const suite = (address: string): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: 8 }, (_, file) => [
      `test/file-${file}.test.js`,
      `${address}
      import TarantoolConnection from 'tarantool-driver'
      import { afterAll, expect, test } from 'vitest'
      const connection = new TarantoolConnection({ host, port, lazyConnect: true })
      afterAll(() => connection.disconnect())
      for (let round = 0; round < 10; round++) {
        test('puts rows ' + round, async () => {
          for (let id = 0; id < 20; id++) expect((await connection.call('put', id))[0][0]).toBe(id)
        })
      }`,
    ]),
  )

/** A whole run of 8 files on 2 workers, beside the same against servers that ran before. */
async function benchRun(pairs: number): Promise<void> {
  const config = (more: string): string => `export default { test: { maxWorkers: 2${more} } }`
  const ours = makeProject({
    'vitest.config.js': config(", globalSetup: './setup.js'"),
    'setup.js': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool({ appLua: ${JSON.stringify(app)} })`,
    ...suite(`import { useTarantool } from 'tarantool-fixture/vitest'
      const { host, port } = useTarantool()`),
  })
  const bare = makeProject({
    'vitest.config.js': config(''),
    ...suite(`const host = '127.0.0.1', port = Number(process.env['SERVER_' + process.env.VITEST_POOL_ID])`),
  })
  const servers = await Promise.all([1, 2].map(() => new TarantoolInstance({ appLua: app }).start()))
  const env = { SERVER_1: String(servers[0]?.port), SERVER_2: String(servers[1]?.port) }
  const result = await compare(
    pairs,
    async () => (await runVitest(ours)).took,
    async () => (await runVitest(bare, env)).took,
  )
  report('vitest run, 8 files / servers started before', result, 1.15)
  await Promise.all(servers.map(server => server.stop()))
  for (const directory of [ours, bare]) rmSync(directory, { recursive: true })
}

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
    makeProject({
      'vitest.config.js': `export default { test: { maxWorkers: 1, disableConsoleIntercept: true${setup ? ", globalSetup: './setup.js'" : ''} } }`,
      'setup.js': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        export default defineTarantool({ isolation: 'none' })`,
      ...files,
    })
  const empty = join(installDirectory(runner), 'node_modules', 'empty-module')
  mkdirSync(empty, { recursive: true })
  writeFileSync(join(empty, 'package.json'), '{ "name": "empty-module", "type": "module", "exports": "./index.js" }')
  writeFileSync(join(empty, 'index.js'), '')
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
      const { output } = await runVitest(directory)
      took[name] ??= []
      took[name].push(Number(/TOOK \w+ ([\d.]+)/.exec(output)?.[1]))
    }
  }
  for (const directory of [empty, ...Object.values(directories)]) rmSync(directory, { recursive: true })
  const of = (name: string): number => median(took[name] ?? [])
  const line = (what: string, value: number, atMost: number): void =>
    console.log(`${what.padEnd(68)} ${value.toFixed(2)} ms (at most ${atMost}: ${value <= atMost ? 'ok' : 'OVER'})`)
  line('import of tarantool-fixture/vitest, more than an empty module', of('module') - of('empty'), 10)
  line("useTarantool() with isolation 'none', per test", (of('used') - of('unused')) / 200, 1)
}

/** A lease of a server that runs. */
async function benchLease(rounds: number): Promise<void> {
  const broker = await Broker.listen({ fixture: resolveFixture({}), baseDir: process.cwd() })
  const client = new BrokerClient(broker.path)
  const times: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now()
    await client.request('begin', { worker: { pid: process.pid, thread: 0 }, slot: 1 })
    await client.request('lease', { server: 'default' })
    if (round > 0) times.push(performance.now() - began)
  }
  client.close()
  await broker.close()
  const took = median(times)
  console.log(`${'lease of a warm server'.padEnd(68)} ${took.toFixed(2)} ms (at most 5: ${took <= 5 ? 'ok' : 'OVER'})`)
}

/** How much JavaScript a test file loads with the package: the entry, the setup file, and all that they import. */
function measureSize(): void {
  const seen = new Map<string, number>()
  const follow = (file: string): void => {
    if (seen.has(file)) return
    const text = readFileSync(file, 'utf8')
    seen.set(file, Buffer.byteLength(text))
    for (const [, path] of text.matchAll(/(?:^|\n)\s*(?:import|export)[^'"\n]*["'](\.[^'"]+)["']/g)) {
      if (path) follow(resolve(dirname(file), path))
    }
  }
  for (const entry of ['index.js', 'worker.js']) follow(join(repository, 'dist', 'vitest', entry))
  const kilobytes = [...seen.values()].reduce((sum, size) => sum + size, 0) / 1000
  console.log(
    `${'JavaScript that a test file loads'.padEnd(68)} ${kilobytes.toFixed(1)} kB in ${seen.size} files (at most 100: ${kilobytes <= 100 ? 'ok' : 'OVER'})`,
  )
}

export async function benchVitest(pairs: number): Promise<void> {
  await installRunners([runner])
  await benchRun(Math.max(Math.floor(pairs / 2), 3))
  await benchTestFile(5)
  await benchLease(50)
  measureSize()
}
