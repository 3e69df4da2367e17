import { readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { listTemplates, pruneTemplates, templatesRoot } from '../../src/seed/template-cache.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory, useOwnCache } from '../support/instances.ts'

useOwnCache()

const appLua = `
  box.schema.space.create('users', { if_not_exists = true })
  box.space.users:create_index('primary', { if_not_exists = true })`

const root = (): string => templatesRoot() ?? ''

/** Runs a module that imports our sources in a process of its own. */
const runScript = (script: string) =>
  execa(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], { reject: false })

/** Another process that starts a server of the same seed, and prints what is in its space. */
function otherProcess(options: object) {
  const script = `
    import { TarantoolInstance } from '${new URL('../../src/index.ts', import.meta.url)}'
    const instance = await new TarantoolInstance({ ...${JSON.stringify(options)}, timeout: 60_000 }).start()
    console.log(JSON.stringify((await instance.eval('return box.space.users:select{}'))[0]))
    await instance.stop()`
  return runScript(script)
}

test('processes that start at the same time share a cache, and leave one whole template', async () => {
  const runs = join(temporaryDirectory(), 'runs')
  const seedLua = `
    local file = io.open('${runs}', 'a') file:write('run\\n') file:close()
    for id = 1, 1000 do box.space.users:insert({ id }) end`
  const options = { appLua, seedLua }
  for (let round = 1; round <= 2; round++) {
    const outcomes = await Promise.all(Array.from({ length: 3 }, () => otherProcess(options)))
    for (const { stdout, stderr } of outcomes) {
      expect(stderr).toBe('')
      expect(JSON.parse(stdout)).toHaveLength(1000)
    }
    // No staging directory is left.
    expect(contentOf(root())).toHaveLength(1)
  }
  const before = readFileSync(runs, 'utf8')
  expect(before.split('\n').length - 1).toBeLessThanOrEqual(3)
  const instance = await startInstance(options)
  expect(await instance.eval('return box.space.users:count()')).toEqual([1000])
  expect(readFileSync(runs, 'utf8')).toBe(before)
  expect((await listTemplates(root())).map(({ manifest }) => manifest.state)).toEqual(['proven'])
})

test('what a process leaves that is killed while it makes a template is removed by the next one', async () => {
  const script = `
    import { TemplateStore } from '${new URL('../../src/seed/template-store.ts', import.meta.url)}'
    import { makeStaging } from '${new URL('../../src/cache/staging.ts', import.meta.url)}'
    await makeStaging(new TemplateStore('${root()}').root)
    process.kill(process.pid, 'SIGKILL')`
  await runScript(script)
  expect(contentOf(root())).toEqual([expect.stringMatching(/^\.partial-/)])
  await startInstance({ appLua, seedLua: 'box.space.users:insert({ 1 })' })
  expect(contentOf(root())).toEqual([expect.stringMatching(/^[0-9a-f]{32}-[0-9a-f]{16}$/)])
})

test('the cache is bounded in number and in bytes: what was not used for longest goes', async () => {
  const seeds = ['a', 'b', 'c', 'd'].map(name => `box.space.users:insert({ 1, '${name}' })`)
  for (const [index, seedLua] of seeds.entries()) {
    // Made, and proven: a use changes nothing in it any more.
    for (let round = 1; round <= 2; round++) await (await newInstance({ appLua, seedLua }).start()).stop()
    const [newest] = await listTemplates(root())
    // An hour apart.
    const time = new Date(Date.UTC(2020, 0, 1, index))
    utimesSync(newest?.directory ?? '', time, time)
  }
  const directories = (await listTemplates(root())).map(({ directory }) => directory)
  expect(directories).toHaveLength(4)
  const left = async (): Promise<string[]> => (await listTemplates(root())).map(({ directory }) => directory)
  await pruneTemplates(root(), { count: 3, bytes: 2 ** 30 })
  expect(await left()).toEqual(directories.slice(0, 3))
  // A use makes it the newest.
  await (await newInstance({ appLua, seedLua: seeds[1] }).start()).stop()
  expect((await left())[0]).toBe(directories[2])
  const [first] = await listTemplates(root())
  await pruneTemplates(root(), { count: 3, bytes: (first?.bytes ?? 0) * 1.5 })
  expect(await left()).toEqual([directories[2]])
})
