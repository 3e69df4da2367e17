import { describe, expect, test } from 'vitest'
import { Project } from '../support/project.ts'
import { vitests } from '../support/runners.ts'

const app = `
box.schema.space.create('users', { if_not_exists = true }):create_index('pk', { if_not_exists = true })
function count_users() return box.space.users:count() end`

const usersTest = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, inject, test } from 'vitest'
const tarantool = useTarantool()
const { host, port } = inject('tarantool')
test('talks to its server', async () => {
  expect({ host, port }).toEqual({ host: tarantool.host, port: tarantool.port })
  expect(process.env.TARANTOOL_URI).toBe(tarantool.uri)
  await tarantool.eval('box.space.users:replace({ ... })', 1)
  expect(await tarantool.call('count_users')).toEqual([1])
  console.log('ran on ' + tarantool.uri)
})`

const setups: Record<string, Record<string, string>> = {
  'a setup file with defineTarantool': {
    'vitest.config.ts': `export default { test: { globalSetup: './test/tarantool.ts', disableConsoleIntercept: true } }`,
    'test/tarantool.ts': `
      import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool({ appLua: './app.lua' })`,
  },
  'the stock setup with a tarantool.config.ts': {
    'vitest.config.ts': `export default { test: { globalSetup: 'tarantool-fixture/vitest/setup', disableConsoleIntercept: true } }`,
    'tarantool.config.ts': `
      import type { FixtureConfig } from 'tarantool-fixture/vitest/setup'
      export default { appLua: './app.lua' } satisfies FixtureConfig`,
  },
  'the plugin': {
    'vitest.config.ts': `
      import { tarantool } from 'tarantool-fixture/vitest/plugin'
      export default { plugins: [tarantool({ appLua: './app.lua' })], test: { disableConsoleIntercept: true } }`,
  },
}

describe.each(vitests)('$name', runner => {
  test.each(Object.keys(setups))('a first test, set up by %s', async setup => {
    const project = new Project(runner, { ...setups[setup], 'app.lua': app, 'test/users.test.ts': usersTest })
    const { exitCode, output } = await project.run()
    expect(output).toMatch(/ran on 127\.0\.0\.1:\d+/)
    expect(exitCode).toBe(0)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })
})
