import { describe, expect, test } from 'vitest'
import { has } from '../../support/features.ts'
import { Project } from '../support/project.ts'
import { newestVitest } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'
import { WatchMode } from '../support/watch.ts'

const config = (instances: string): string => `
app: { file: app.lua }
database: { mode: rw }
groups: { g: { replicasets: { a: { instances: { a-001: {} } }, ${instances} } } }`

const seenTest = `
import { writeFileSync } from 'node:fs'
import { useTarantool } from 'tarantool-fixture/vitest'
import { test } from 'vitest'
const tarantool = useTarantool()
test('is seen', async () => {
  const [answer] = await tarantool.call('answer')
  writeFileSync('seen.json', JSON.stringify({ answer, instances: tarantool.instances.map(({ name }) => name), pid: tarantool.pid }))
})`

// Watching is the same in each Vitest: watch.test.ts.
describe.skipIf(!has('a config file')).each(newestVitest)('$name, watch mode (needs Tarantool 3)', runner => {
  test("a change of the application's Lua or config replaces the cluster", async () => {
    const project = new Project(runner, {
      ...setUpWith("{ app: './my-app' }"),
      'my-app/config.yaml': config(''),
      'my-app/app.lua': "function answer() return require('word') end",
      'my-app/word.lua': "return 'red'",
      'seen.test.ts': seenTest,
    })
    const watch = new WatchMode(project)
    const change = async (files: Readonly<Record<string, string>>): Promise<Record<string, unknown>> => {
      project.write({ ...files, 'seen.json': 'null' })
      await watch.run()
      return JSON.parse(project.read('seen.json')) as Record<string, unknown>
    }
    await watch.run()
    const first = JSON.parse(project.read('seen.json')) as Record<string, unknown>
    expect(first).toMatchObject({ answer: 'red', instances: ['a-001'] })
    expect(await change({ 'seen.test.ts': `${seenTest}\n// changed` })).toEqual(first)

    const blue = await change({ 'my-app/word.lua': "return 'blue'" })
    expect(blue).toMatchObject({ answer: 'blue', instances: ['a-001'] })
    expect(blue.pid).not.toBe(first.pid)

    const two = await change({ 'my-app/config.yaml': config('b: { instances: { b-001: {} } }') })
    expect(two).toMatchObject({ answer: 'blue', instances: ['a-001', 'b-001'] })

    expect(await change({ 'my-app/config.yaml': 'grups: {}' })).toBeNull()
    expect(watch.output).toContain('Unexpected field "grups"')
    expect(await change({ 'my-app/config.yaml': config('') })).toMatchObject({ instances: ['a-001'] })

    watch.press('q')
    await watch.process
    await expect.poll(() => project.leftBehind()).toEqual([])
    expect(project.leftProcesses()).toEqual([])
  })
})
