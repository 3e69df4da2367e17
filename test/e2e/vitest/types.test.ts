import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { Project } from '../support/project.ts'
import { repository, vitests } from '../support/runners.ts'

const compilerOptions = {
  target: 'es2023',
  lib: ['es2023', 'dom'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: true,
  verbatimModuleSyntax: true,
}

const files: Record<string, string> = {
  'tsconfig.bundler.json': JSON.stringify({
    compilerOptions: { ...compilerOptions, module: 'esnext', moduleResolution: 'bundler' },
  }),
  'tsconfig.nodenext.json': JSON.stringify({ compilerOptions: { ...compilerOptions, module: 'nodenext' } }),
  'vitest.config.ts': `
    import { tarantool } from 'tarantool-fixture/vitest/plugin'
    import { defineConfig } from 'vitest/config'
    export default defineConfig({ plugins: [tarantool({ walMode: 'none' })] })`,
  'tarantool.ts': `
    import { defineTarantool, type FixtureConfig } from 'tarantool-fixture/vitest/setup'
    const config: FixtureConfig = { servers: { users: { isolation: 'restart' }, queue: {} }, lease: 'on-use' }
    export default defineTarantool(config)
    // @ts-expect-error There is no such option.
    defineTarantool({ walMod: 'none' })
    // @ts-expect-error There is no such value.
    defineTarantool({ isolation: 'sometimes' })`,
  'injected.test.ts': `
    // Typed by the setup that is part of the same program.
    import { expectTypeOf, inject, test } from 'vitest'
    const injected = inject('tarantool')
    expectTypeOf(injected.host).toEqualTypeOf<string>()
    expectTypeOf(injected.port).toEqualTypeOf<number>()
    expectTypeOf(injected.uri).toEqualTypeOf<string>()
    expectTypeOf(injected.user).toEqualTypeOf<string | undefined>()
    expectTypeOf(injected.servers.queue!.port).toEqualTypeOf<number>()
    // @ts-expect-error There is no such property.
    injected.hots
    test('is typed', () => {})`,
  'used.test.ts': `
    import { test, useTarantool } from 'tarantool-fixture/vitest'
    import { expectTypeOf } from 'vitest'
    declare module 'tarantool-fixture/vitest' {
      interface TarantoolServers { users: true; queue: true }
    }
    const tarantool = useTarantool('queue', { isolation: 'none' })
    // @ts-expect-error There is no such server.
    useTarantool('nmae')
    // @ts-expect-error There is no such option.
    useTarantool({ isolatoin: 'none' })
    useTarantool({ config: { appLua: './other.lua' } })
    expectTypeOf(tarantool.port).toEqualTypeOf<number>()
    expectTypeOf(tarantool.call<[number]>('count')).resolves.toEqualTypeOf<[number]>()
    expectTypeOf(tarantool.eval('return 1')).resolves.toEqualTypeOf<unknown[]>()
    const extended = test.extend<{ rows: number[] }>({ rows: async ({ tarantool }, use) => { await use([tarantool.port]) } })
    extended('has both', ({ rows, tarantool }) => {
      expectTypeOf(rows).toEqualTypeOf<number[]>()
      expectTypeOf(tarantool.host).toEqualTypeOf<string>()
    })`,
}

describe.each(vitests)('$name', runner => {
  test.each(['bundler', 'nodenext'])('the packed types, module resolution %s', async resolution => {
    const project = new Project(runner, files)
    const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
    const { exitCode, stdout } = await execa(process.execPath, [compiler, '-p', `tsconfig.${resolution}.json`], {
      cwd: project.directory,
      reject: false,
    })
    expect(stdout).toBe('')
    expect(exitCode).toBe(0)
  })
})
