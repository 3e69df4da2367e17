import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isJest, jests, oneOfEach, type Runner, vitests } from '../support/runners.ts'
import { ManagedProject } from './managed-project.ts'
import { managers, type PackageManager } from './managers.ts'

const app = `
box.schema.space.create('users', { if_not_exists = true }):create_index('pk', { if_not_exists = true })
function count_users() return box.space.users:count() end`

const body = `
const tarantool = useTarantool()
test('talks to its server', async () => {
  expect(process.env.TARANTOOL_URI).toBe(tarantool.uri)
  await tarantool.eval('box.space.users:replace({ ... })', 2)
  expect(await tarantool.call('count_users')).toEqual([2])
  expect(await tarantool.command('box.space.users:count()')).toEqual([2])
})
test('finds it as it was', async () => expect(await tarantool.call('count_users')).toEqual([1]))`

const config = "{ appLua: './app.lua', seed: { users: [[1, 'ann']] } }"

const vitestFiles = {
  'app.lua': app,
  'vitest.config.mts': `
    import { tarantool } from 'tarantool-fixture/vitest/plugin'
    import { defineConfig } from 'vitest/config'
    export default defineConfig({ plugins: [tarantool(${config})] })`,
  'users.test.mts': `
    import { useTarantool } from 'tarantool-fixture/vitest'
    import { expect, test } from 'vitest'
    ${body}`,
  'blocking.test.mts': `
    import { TarantoolSyncInstance } from 'tarantool-fixture'
    import { expect, test } from 'vitest'
    test('a blocking instance', () => {
      const tarantool = new TarantoolSyncInstance().start()
      expect(tarantool.eval('return 1')).toEqual([1])
      tarantool.stop()
    }, 60_000)`,
}

const jestFiles = {
  'app.lua': app,
  'jest.config.js': `module.exports = {
    globalSetup: './tarantool.js', globalTeardown: 'tarantool-fixture/jest/teardown', maxWorkers: 2 }`,
  'tarantool.js': `
    const { defineTarantool } = require('tarantool-fixture/jest/setup')
    module.exports = defineTarantool(${config})`,
  'users.test.js': `const { useTarantool } = require('tarantool-fixture/jest')\n${body}`,
  'again.test.js': `const { useTarantool } = require('tarantool-fixture/jest')\n${body}`,
}

const jestPreset = {
  ...jestFiles,
  'jest.config.js': "module.exports = { preset: 'tarantool-fixture', maxWorkers: 2 }",
  'tarantool.config.mjs': `export default ${config}`,
}

async function nothingIsLeft(project: ManagedProject): Promise<void> {
  expect(project.leftProcesses()).toEqual([])
  await expect.poll(() => project.leftBehind()).toEqual([])
}

// With Plug'n'Play each version of a runner has its own way to find packages; pnpm has an ordinary node_modules.
const managersOf = (runner: Runner): readonly PackageManager[] =>
  managers.filter(({ name }) => name !== 'pnpm' || oneOfEach.includes(runner))

describe.each([...vitests, ...jests])('$name', runner => {
  test.for(managersOf(runner))('installed by $name', async (manager, { skip }) => {
    const project = new ManagedProject(manager, runner, isJest(runner) ? jestFiles : vitestFiles)
    const installed = await project.install()
    expect(installed.exitCode, installed.output).toBe(0)
    expect(existsSync(join(project.directory, 'node_modules'))).toBe(manager.name === 'pnpm')
    // Jest 29 does not start with Plug'n'Play on Node 22, whatever it is to run.
    const withoutPackage = await project.test(isJest(runner) ? ['--config', '{}', '--listTests'] : ['--version'])
    skip(withoutPackage.exitCode !== 0, `${runner.name} itself does not start there`)
    const { exitCode, output } = await project.test()
    expect(exitCode, output).toBe(0)
    expect(output).toMatch(isJest(runner) ? /4 passed/ : /Tests +3 passed/)
    await nothingIsLeft(project)
    if (!isJest(runner)) return
    project.write(jestPreset)
    const withPreset = await project.test()
    expect(withPreset.exitCode, withPreset.output).toBe(0)
    await nothingIsLeft(project)
  })
})
