import { describe, expect, test } from 'vitest'
import { Project } from '../support/project.ts'
import { jests } from '../support/runners.ts'

const app = `
box.schema.space.create('users', { if_not_exists = true }):create_index('pk', { if_not_exists = true })
function count_users() return box.space.users:count() end`

const body = `
const atImport = process.env.TARANTOOL_URI
const tarantool = useTarantool()
test('talks to its server', async () => {
  expect(atImport).toBe(tarantool.uri)
  await tarantool.eval('box.space.users:replace({ ... })', 1)
  expect(await tarantool.call('count_users')).toEqual([1])
  expect(await tarantool.command('box.space.users:count()')).toEqual([1])
  console.log('ran on ' + tarantool.uri)
})
test('finds it as it was', async () => expect(await tarantool.call('count_users')).toEqual([0]))`

const commonJs = { 'users.test.js': `const { useTarantool } = require('tarantool-fixture/jest')\n${body}` }
const teardown = "globalTeardown: 'tarantool-fixture/jest/teardown'"

const setups: Record<string, Record<string, string>> = {
  'a setup file with defineTarantool': {
    'jest.config.js': `module.exports = { globalSetup: './test/tarantool.js', ${teardown} }`,
    'test/tarantool.js': `
      const { defineTarantool } = require('tarantool-fixture/jest/setup')
      module.exports = defineTarantool({ appLua: './app.lua' })`,
    ...commonJs,
  },
  'the stock setup with a tarantool.config.mjs': {
    'jest.config.js': `module.exports = { globalSetup: 'tarantool-fixture/jest/setup', ${teardown} }`,
    'tarantool.config.mjs': "export default { appLua: './app.lua' }",
    ...commonJs,
  },
  'the preset': {
    'jest.config.js': "module.exports = { preset: 'tarantool-fixture' }",
    'tarantool.config.json': '{ "appLua": "./app.lua" }',
    ...commonJs,
  },
  'the preset, in a project of ES modules': {
    'package.json': '{ "private": true, "type": "module" }',
    'jest.config.js': "export default { preset: 'tarantool-fixture', transform: {} }",
    'tarantool.config.js': "export default { appLua: './app.lua' }",
    'users.test.js': `import { useTarantool } from 'tarantool-fixture/jest'\n${body}`,
  },
}

describe.each(jests)('$name', runner => {
  test.each(Object.keys(setups))('a first test, set up by %s', async setup => {
    const project = new Project(runner, { ...setups[setup], 'app.lua': app })
    const env = setup.includes('ES modules') ? { NODE_OPTIONS: '--experimental-vm-modules' } : {}
    const { exitCode, output } = await project.run([], { env })
    expect(output).toMatch(/ran on 127\.0\.0\.1:\d+/)
    expect(output).toMatch(/2 passed/)
    expect(exitCode).toBe(0)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })
})
