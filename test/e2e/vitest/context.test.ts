import { describe, expect, test } from 'vitest'
import { countStarts, recordedServer } from '../support/leases.ts'
import { Project } from '../support/project.ts'
import { vitests } from '../support/runners.ts'

const setup = (fixture: string, rest = ''): Record<string, string> => ({
  'vitest.config.ts': `export default { test: { globalSetup: './tarantool.ts', maxWorkers: 1, minWorkers: 1, ${rest} } }`,
  'tarantool.ts': `
    import { defineTarantool } from 'tarantool-fixture/vitest/setup'
    export default defineTarantool(${fixture})`,
})

describe.each(vitests)('$name', runner => {
  test.each(['file', 'on-use'])(
    "the address of a replica set is that of its leader at the lease: lease '%s'",
    async lease => {
      const project = new Project(runner, {
        ...setup(`{ lease: '${lease}', servers: { db: { replicas: 2, leader: 'db-2' } } }`),
        'a.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { expect, inject, test } from 'vitest'
        const db = useTarantool('db')
        test('whoever leads later', async () => {
          const { port } = db.instance('db-2')
          expect([inject('tarantool').servers.db.port, process.env.TARANTOOL_DB_PORT]).toEqual([port, String(port)])
          await db.instance('db-2').command('box.cfg({ read_only = true })')
          await db.instance('db-1').command('box.cfg({ read_only = false })')
          expect(await db.eval('return box.info.ro')).toEqual([false])
          expect(db.port).toBe(db.instance('db-1').port)
          expect([inject('tarantool').servers.db.port, process.env.TARANTOOL_DB_PORT]).toEqual([port, String(port)])
        })`,
      })
      const { exitCode, output } = await project.run()
      expect(exitCode, output).toBe(0)
    },
  )

  test('the address is there wherever a project asks for it', async () => {
    const project = new Project(runner, {
      ...setup(
        recordedServer("credentials: { user: 'ann', password: 'secret' },"),
        "setupFiles: './user-setup.ts', sequence: { setupFiles: 'parallel' }",
      ),
      'user-setup.ts': `
        import { beforeAll, inject } from 'vitest'
        const { port } = inject('tarantool')
        globalThis.seen = { setup: port, environment: process.env.TARANTOOL_PORT }
        beforeAll(() => { globalThis.seen.hook = inject('tarantool').port })`,
      'helper.ts': `
        import { inject } from 'vitest'
        export const { host, port, uri } = inject('tarantool')`,
      // Code under test, which reads its environment when it is imported.
      'app.ts': `
        const { TARANTOOL_HOST, TARANTOOL_PORT, TARANTOOL_URI, TARANTOOL_USER, TARANTOOL_PASSWORD } = process.env
        export const settings = { TARANTOOL_HOST, TARANTOOL_PORT, TARANTOOL_URI, TARANTOOL_USER, TARANTOOL_PASSWORD }`,
      'plain.test.ts': `
        import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
        import { settings } from './app.ts'
        import { host, port, uri } from './helper.ts'
        const top = inject('tarantool')
        const hooks = []
        beforeAll(() => { hooks.push(inject('tarantool').port) })
        beforeEach(() => { hooks.push(inject('tarantool').port) })
        afterAll(() => { expect(inject('tarantool').port).toBe(port) })
        test('is one address', () => {
          expect(port).toBeGreaterThan(0)
          expect(top).toMatchObject({ host, port, uri: 'ann:secret@' + host + ':' + port, user: 'ann', password: 'secret' })
          expect(top.servers.default).toMatchObject({ host, port, uri })
          expect(hooks).toEqual([port, port])
          expect(globalThis.seen).toEqual({ setup: port, environment: String(port), hook: port })
          expect(settings).toEqual({
            TARANTOOL_HOST: host, TARANTOOL_PORT: String(port), TARANTOOL_URI: uri,
            TARANTOOL_USER: 'ann', TARANTOOL_PASSWORD: 'secret',
          })
        })`,
      'use.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { describe, expect, inject, test } from 'vitest'
        const { host, port } = inject('tarantool')
        describe('in a describe', () => {
          const tarantool = useTarantool()
          const atOnce = { host: tarantool.host, port: tarantool.port }
          test('is there at once', async () => {
            expect(atOnce).toEqual({ host, port })
            expect(tarantool.credentials).toEqual({ user: 'ann', password: 'secret' })
            expect(await tarantool.eval('return ...', 1, 'two')).toEqual([1, 'two'])
          })
        })`,
    })
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
  })

  test("the package's test goes with the user's fixtures", async () => {
    const project = new Project(runner, {
      ...setup('{}'),
      'extended.test.ts': `
        import { test as base, useTarantool } from 'tarantool-fixture/vitest'
        import { expect, inject, test as vitestTest } from 'vitest'
        const extended = base.extend({
          space: async ({ tarantool }, use) => {
            await tarantool.eval('box.schema.space.create("extended"):create_index("pk")')
            await use('extended')
            await tarantool.eval('box.space.extended:drop()')
          },
        })
        base('has a server', async ({ tarantool }) => {
          expect(tarantool.port).toBe(inject('tarantool').port)
          expect(await tarantool.eval('return 1')).toEqual([1])
        })
        extended('has a space', async ({ space, tarantool }) => {
          await tarantool.eval('box.space[...]:replace({ 1 })', space)
          expect(await tarantool.eval('return box.space.extended:count()')).toEqual([1])
        })
        extended('has none after it', async ({ tarantool }) => {
          expect(await tarantool.eval('return box.space.extended == nil')).toEqual([true])
        })
        // Merged: fixtures of several places in one test.
        const users = { user: 'ann', greeting: async ({ user }, use) => { await use('hello ' + user) } }
        const rows = { row: async ({ tarantool, user }, use) => { await use(await tarantool.eval('return { ... }', user)) } }
        const merged = base.extend({ ...users, ...rows })
        merged('has them all', ({ greeting, row, tarantool }) => {
          expect(greeting).toBe('hello ann')
          expect(row).toEqual([['ann']])
          expect(tarantool.port).toBe(inject('tarantool').port)
        })
        const tarantool = useTarantool()
        base.extend({ answer: 42 }).for([[1], [2]])('is the one of useTarantool', async ([value], { answer, tarantool: injected }) => {
          expect(answer).toBe(42)
          expect(injected.pid).toBe(tarantool.pid)
          expect(await injected.eval('return ...', value)).toEqual([value])
        })`,
    })
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(output).toContain('6 passed')
  })

  test("lease: 'on-use' is for the files that use a server", async () => {
    const project = new Project(runner, {
      ...setup(recordedServer("lease: 'on-use',"), 'isolate: false'),
      'a-uses.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { beforeAll, expect, inject, test } from 'vitest'
        const tarantool = useTarantool()
        expect(() => tarantool.host).toThrow(/not leased yet.*ERR_TARANTOOL_LEASE.*first hook/s)
        expect(() => inject('tarantool').host).toThrow(/this file has no server 'default', or not yet.*ERR_TARANTOOL_LEASE/)
        expect(() => inject('tarantool').servers.default.port).toThrow(/useTarantool\\(\\)/)
        let port
        beforeAll(() => {
          port = tarantool.port
          expect(inject('tarantool').port).toBe(port)
        })
        test('has it from the first hook on', async () => {
          expect(process.env.TARANTOOL_PORT).toBe(String(port))
          expect(await tarantool.eval('rows = 1 return box.info.pid')).toEqual([tarantool.pid])
        })`,
      'b-uses-not.test.ts': `
        import { expect, inject, test } from 'vitest'
        test('has none', () => {
          expect(process.env.TARANTOOL_PORT).toBeUndefined()
          expect(() => inject('tarantool').port).toThrow(/this file has no server 'default'/)
        })`,
      'c-fixture.test.ts': `
        import { test } from 'tarantool-fixture/vitest'
        test('has it from the fixture', async ({ tarantool, expect }) => {
          expect(await tarantool.eval('return box.info.pid')).toEqual([tarantool.pid])
        })`,
    })
    const none = await project.run(['run', 'b-uses-not'])
    expect(none.exitCode, none.output).toBe(0)
    expect(countStarts(project)).toBe(0)
    const { exitCode, output } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(countStarts(project)).toBe(1)
  })
})
