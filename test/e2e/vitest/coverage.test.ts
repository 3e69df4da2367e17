import { describe, expect, test } from 'vitest'
import { Project } from '../support/project.ts'
import { vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'
import { WatchMode } from '../support/watch.ts'

const lua = (name: string): string => `function ${name}()\n    return '${name}'\nend\n`
const calls = (name: string, more = ''): string => `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool()
test('calls ${name}', async () => {
  expect(await tarantool.call('${name}')).toEqual(['${name}'])
  ${more}
})`
const setup = (name: string): string => `
import { defineTarantool } from 'tarantool-fixture/vitest/setup'
export default defineTarantool({ appLua: './lua/${name}.lua', maxServers: 1, coverage: { include: ['lua/**'] } })`

/** How often the second line of each file ran: `{ a: 1 }`. */
function countsIn(project: Project): Record<string, number> {
  const files = project.read('coverage/lua/lcov.info').matchAll(/^SF:lua\/(\w+)\.lua$[\s\S]*?^DA:2,(\d+)$/gm)
  return Object.fromEntries([...files].map(([, name = '', count]) => [name, Number(count)]))
}

const tables = (output: string): number => output.match(/^Coverage of Lua/gm)?.length ?? 0

describe.each(vitests)('$name', runner => {
  test('setups and projects of a run share one report; servers that tests start are in it', async () => {
    const starts = `
      const { TarantoolInstance, TarantoolSyncInstance } = await import('tarantool-fixture')
      const instance = await new TarantoolInstance({ appLua: './lua/c.lua' }).start()
      await instance.call('c')
      await instance.kill()
      const blocking = new TarantoolSyncInstance({ appLua: './lua/c.lua' }).start()
      blocking.call('c')
      blocking.stop()`
    const projects = ['a', 'b'].map(
      name => `{ test: { name: '${name}', include: ['${name}.test.ts'], globalSetup: './${name}.setup.ts' } }`,
    )
    const project = new Project(runner, {
      'vitest.config.ts': `export default { test: { projects: [${projects}] } }`,
      ...{ 'a.setup.ts': setup('a'), 'b.setup.ts': setup('b') },
      ...{ 'lua/a.lua': lua('a'), 'lua/b.lua': lua('b'), 'lua/c.lua': lua('c'), 'lua/d.lua': lua('d') },
      ...{ 'a.test.ts': calls('a', starts), 'b.test.ts': calls('b') },
    })
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(countsIn(project), output).toEqual({ a: 1, b: 1, c: 2, d: 0 })
    expect(tables(output), output).toBe(1)
    expect(project.leftBehind()).toEqual([])
  })

  test('in watch mode, each run writes the reports, and a file that changes begins anew', async () => {
    const project = new Project(runner, {
      ...setUpWith("{ appLua: './lua/a.lua', maxServers: 1, coverage: { include: ['lua/**'] } }"),
      ...{ 'lua/a.lua': lua('a'), 'a.test.ts': calls('a') },
    })
    const watch = new WatchMode(project)
    await watch.run()
    expect(countsIn(project), watch.output).toEqual({ a: 1 })
    project.write({ 'a.test.ts': `${calls('a')}\n// changed` })
    await watch.run()
    expect(countsIn(project), watch.output).toEqual({ a: 2 })
    project.write({ 'lua/a.lua': `${lua('a')}-- changed\n` })
    await watch.run()
    expect(countsIn(project), watch.output).toEqual({ a: 1 })
    watch.press('q')
    await watch.process
    expect(tables(watch.output), watch.output).toBe(3)
    expect(project.leftBehind()).toEqual([])
  })
})
