import { describe, expect, test } from 'vitest'
import { skipWithout } from '../../support/features.ts'
import { Project } from '../support/project.ts'
import { newestVitest, vitests } from '../support/runners.ts'
import { WatchMode } from '../support/watch.ts'

// Its own cache, for the templates of one run are there in the next.
const files = {
  'vitest.config.ts': `
    process.env.TARANTOOL_FIXTURE_CACHE = './cache'
    export default { test: { globalSetup: './tarantool.ts', maxWorkers: 2, minWorkers: 2 } }`,
  'app.lua': `box.schema.space.create('users', { if_not_exists = true, format = { { 'id', 'unsigned' }, { 'name', 'string' } } })
    box.space.users:create_index('primary', { if_not_exists = true })`,
  'seed.lua': `box.space.users:insert({ 1, 'ann' })`,
  'more/users.ndjson': '{ "id": 2, "name": "bob" }\n',
  'tarantool.ts': `
    import { defineTarantool } from 'tarantool-fixture/vitest/setup'
    export default defineTarantool({ appLua: './app.lua', seedLua: './seed.lua', seed: './more/users.ndjson', isolation: 'restart' })`,
}

const usersTest = `
import { appendFileSync } from 'node:fs'
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool()
test.each([1, 2, 3])('%i', async () => {
  const [users] = await tarantool.eval<[[number, string][]]>('return box.space.users:select()')
  appendFileSync('seen.log', JSON.stringify(users.map(([, name]) => name)) + '\\n')
  await tarantool.eval('box.space.users:truncate()')
})`

const allSeen = (project: Project): unknown[] =>
  project
    .read('seen.log')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

describe.each(vitests)('$name', runner => {
  test('each test finds the seeded rows, and the seed runs once for all servers, restarts and runs', async () => {
    const project = new Project(runner, {
      ...files,
      'a.test.ts': usersTest,
      'b.test.ts': usersTest,
      'c.test.ts': usersTest,
    })
    const runs = `local file = io.open('${project.directory}/runs', 'a') file:write('run\\n') file:close()`
    project.write({ 'seed.lua': `${runs}\n${files['seed.lua']}` })
    for (let round = 1; round <= 2; round++) {
      const { exitCode, output } = await project.run()
      expect(exitCode, output).toBe(0)
      expect(output).not.toContain('runs at each start')
    }
    expect(allSeen(project)).toEqual(Array.from({ length: 18 }, () => ['ann', 'bob']))
    expect(project.read('runs')).toBe('run\n')
    expect(project.leftBehind()).toEqual([])
    expect(project.leftProcesses()).toEqual([])
  })

  test('watch mode replaces the servers when a seed changes', async () => {
    const project = new Project(runner, { ...files, 'a.test.ts': usersTest })
    const watch = new WatchMode(project)
    await watch.run()
    const change = async (changed: Record<string, string>): Promise<unknown> => {
      project.write({ 'seen.log': '', ...changed })
      await watch.run()
      return allSeen(project)[0]
    }
    expect(await change({ 'more/users.ndjson': '[3, "cy"]' })).toEqual(['ann', 'cy'])
    expect(await change({ 'seed.lua': `box.space.users:insert({ 1, 'dan' })` })).toEqual(['dan', 'cy'])
    watch.press('q')
    await watch.process
    await expect.poll(() => project.servers()).toEqual([])
  })
})

// Whose seed it is, and what is wrong with it, is found by code that all versions share.
describe.each(newestVitest)('$name', runner => {
  test("a server of a test file's own is seeded from there, and not by the run's config", async context => {
    skipWithout('decimals', context)
    const project = new Project(runner, {
      ...files,
      'own.test.ts': `
        import { Decimal } from 'tarantool-fixture'
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { expect, test } from 'vitest'
        const appLua = "box.schema.space.create('prices', { format = { { 'id', 'unsigned' }, { 'price', 'decimal' } }, if_not_exists = true }):create_index('pk', { if_not_exists = true })"
        const seed = { prices: [{ id: 1, price: new Decimal('19.90') }] }
        const tarantool = useTarantool({ config: { appLua, seed } })
        test('has the rows', async () => {
          expect(await tarantool.eval('return box.space.prices:get(1)')).toEqual([[1, new Decimal('19.90')]])
        })
`,
      'refused.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { test } from 'vitest'
        useTarantool({ config: { seed: { prices: [{ id: 2n ** 60n }] } } })
        test('has none', () => {})`,
    })
    const { output } = await project.run()
    expect(output).toMatch(/Tests +1 passed|1 skipped/)
    expect(output).toContain('own.test.ts')
    expect(output).not.toContain('FAIL  own.test.ts')
    expect(output).toContain("useTarantool: 'id' is a bigint, which cannot be sent from a test file")
  })

  test('a bad row fails the tests with its place', async () => {
    const project = new Project(runner, {
      ...files,
      'a.test.ts': usersTest,
      'more/users.ndjson': '{ "id": 2, "nam": "bob" }',
    })
    const { exitCode, output } = await project.run()
    expect(exitCode).toBe(1)
    expect(output).toContain('/more/users.ndjson:1: there is')
    expect(output).toContain("there is no field 'nam' in space 'users'")
    expect(output).toContain("Did you mean 'name'?")
  })
})
