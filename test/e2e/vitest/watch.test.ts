import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fakeVersions } from '../../support/fake-versions.ts'
import { Project } from '../support/project.ts'
import { vitests } from '../support/runners.ts'
import { WatchMode } from '../support/watch.ts'

interface Seen {
  readonly pid: number
  readonly port: number
  readonly answer: string
  readonly servers: string[]
}

const vitestConfig = (rest = ''): string =>
  `export default { test: { globalSetup: 'tarantool-fixture/vitest/setup', ${rest} } }`
const appLua = (word: string): string => `
  function answer()
    local found, below = pcall(require, 'lib.below')
    return '${word} ' .. require('thing') .. (found and below or '')
  end`
const thingLua = (word: string): string => `return '${word}'`
const config = (names: string): string => `
  import { appLua } from './names'
  export default { appLua, servers: { ${names} } }`

const seenTest = `
import { appendFileSync } from 'node:fs'
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, inject, test } from 'vitest'
const tarantool = useTarantool()
test('is seen', async () => {
  const [answer] = await tarantool.call('answer')
  const servers = Object.keys(inject('tarantool').servers)
  appendFileSync('seen.log', JSON.stringify({ pid: tarantool.pid, port: tarantool.port, answer, servers }) + '\\n')
})`

function watched(
  runner: (typeof vitests)[number],
  files: Record<string, string> = {},
): {
  project: Project
  watch: WatchMode
  last: () => Seen
  change: (files: Record<string, string>) => Promise<Seen>
} {
  const project = new Project(runner, {
    'vitest.config.ts': vitestConfig(),
    'tarantool.config.ts': config('default: {}'),
    'names.ts': `export const appLua = './lua/app.lua'`,
    'lua/app.lua': appLua('red'),
    'lua/thing.lua': thingLua('rose'),
    'seen.test.ts': seenTest,
    ...files,
  })
  const watch = new WatchMode(project)
  const last = (): Seen => JSON.parse(project.read('seen.log').trim().split('\n').at(-1) ?? '') as Seen
  const change = async (files: Record<string, string>): Promise<Seen> => {
    project.write({ ...files, 'seen.log': 'null\n' })
    await watch.run()
    expect(last(), watch.output).not.toBeNull()
    return last()
  }
  return { project, watch, last, change }
}

describe.each(vitests)('$name, watch mode', runner => {
  test('servers stay up over reruns, and what they are made of replaces them', async () => {
    const { project, watch, last, change } = watched(runner)
    await watch.run()
    const first = last()
    expect(first).toMatchObject({ answer: 'red rose', servers: ['default'] })

    // A rerun has the same server.
    expect(await change({ 'seen.test.ts': `${seenTest}\n// changed` })).toEqual(first)

    // Lua that changed: the file that the config names, and one beside it.
    const blue = await change({ 'lua/app.lua': appLua('blue') })
    expect(blue.answer).toBe('blue rose')
    expect(blue.pid).not.toBe(first.pid)
    expect((await change({ 'lua/thing.lua': thingLua('violet') })).answer).toBe('blue violet')
    expect(project.servers()).toHaveLength(1)

    // A module in a subdirectory: new, then edited, then removed.
    expect((await change({ 'lua/lib/below.lua': `return '!'` })).answer).toBe('blue violet!')
    expect((await change({ 'lua/lib/below.lua': `return '?'` })).answer).toBe('blue violet?')
    rmSync(join(project.directory, 'lua/lib/below.lua'))
    expect((await change({})).answer).toBe('blue violet')
    expect(project.servers()).toHaveLength(1)

    // The config.
    const two = await change({ 'tarantool.config.ts': config('default: {}, queue: {}') })
    expect(two.servers).toEqual(['default', 'queue'])
    expect(project.servers()).toHaveLength(2)

    // A config that is none fails the tests, and watching goes on.
    project.write({ 'tarantool.config.ts': config('default: { walMod: "none" }') })
    await watch.run()
    expect(watch.output).toContain('walMod')
    expect((await change({ 'tarantool.config.ts': config('default: {}') })).servers).toEqual(['default'])
    expect(project.servers()).toHaveLength(1)

    // An edit of Vitest's own config: teardown and setup in one process.
    const restarted = await change({ 'vitest.config.ts': vitestConfig('testTimeout: 10_000') })
    expect(restarted).toMatchObject({ answer: 'blue violet', servers: ['default'] })
    expect(project.servers().map(({ pid }) => pid)).toEqual([restarted.pid])
    // The run's directory, and the zygote's.
    expect(project.leftBehind()).toHaveLength(1 + project.zygotes().length)

    watch.press('q')
    await watch.process
    await expect.poll(() => project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
    expect(project.leftProcesses()).toEqual([])
  })

  test('an edited setup file with defineTarantool replaces the servers', async () => {
    const setup = (rest: string): string => `
      import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool({ appLua: './lua/app.lua', ${rest} })`
    const { project, watch, last, change } = watched(runner, {
      'vitest.config.ts': `export default { test: { globalSetup: './setup.ts' } }`,
      'setup.ts': setup(''),
    })
    await watch.run()
    const first = last()
    expect(await change({ 'seen.test.ts': `${seenTest}\n// changed` })).toEqual(first)
    const two = await change({ 'setup.ts': setup('servers: { default: {}, queue: {} }') })
    expect(two.servers).toEqual(['default', 'queue'])
    expect(project.servers()).toHaveLength(2)
    watch.press('q')
    await watch.process
    await expect.poll(() => project.leftBehind()).toEqual([])
  })

  test('an edited version takes effect, and one that is not there fails the tests', async () => {
    const setup = (version: string): string => `
      import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool({
        version: '${version}', lease: 'on-use', appLua: "function said() return os.getenv('SAID_VERSION') end",
      })`
    const project = new Project(runner, {
      'vitest.config.ts': `export default { test: { globalSetup: './setup.ts' } }`,
      'setup.ts': setup('2.11'),
      'seen.test.ts': `
        import { writeFileSync } from 'node:fs'
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { test } from 'vitest'
        const tarantool = useTarantool()
        const early = tarantool.version
        test('is seen', async () => {
          writeFileSync('seen.log', [early.text, ...(await tarantool.call('said'))].join(' '))
        })`,
    })
    const [old, recent] = ['2.11.8-0-g1234567', '3.8.0-0-g1234567']
    const watch = new WatchMode(project, [], fakeVersions(project.directory, [old, recent]))
    await watch.run()
    expect(project.read('seen.log')).toBe(`${old} ${old}`)
    project.write({ 'setup.ts': setup('3') })
    await watch.run()
    expect(project.read('seen.log')).toBe(`${recent} ${recent}`)
    project.write({ 'setup.ts': setup('3.7') })
    await watch.run()
    expect(watch.output).toContain('No Tarantool 3.7 was found')
    project.write({ 'setup.ts': setup('three') })
    await watch.run()
    expect(watch.output).toContain('version is "three", which is not a version of Tarantool')
    project.write({ 'setup.ts': setup('2.11') })
    await watch.run()
    expect(project.read('seen.log')).toBe(`${old} ${old}`)
    watch.press('q')
    await watch.process
    await expect.poll(() => project.leftBehind()).toEqual([])
  })

  test('Ctrl-C leaves nothing', async () => {
    const { project, watch } = watched(runner)
    await watch.run()
    expect(project.servers()).toHaveLength(1)
    watch.press('\x03')
    await watch.process
    await expect.poll(() => project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })
})
