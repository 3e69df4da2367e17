import {
  type Changes,
  LuaError,
  type RowChanges,
  type TarantoolHandle,
  test,
  type UseOptions,
  useTarantool,
} from 'tarantool-fixture/vitest'
import { expectTypeOf } from 'vitest'

declare module 'tarantool-fixture/vitest' {
  interface TarantoolServers {
    users: true
    queue: true
  }
}

const options: UseOptions = { isolation: 'none', strict: true }
const tarantool = useTarantool('queue', options)
expectTypeOf(tarantool).toEqualTypeOf<TarantoolHandle>()
useTarantool('default')
useTarantool({ config: { appLua: './other.lua' } })
// @ts-expect-error There is no such server.
useTarantool('nmae')
// @ts-expect-error There is no such option.
useTarantool({ isolatoin: 'none' })
// @ts-expect-error A logger cannot be sent to the process that has the servers.
useTarantool({ config: { logger: console.log } })

expectTypeOf(tarantool.host).toEqualTypeOf<string>()
expectTypeOf(tarantool.port).toEqualTypeOf<number>()
expectTypeOf(tarantool.consolePort).toEqualTypeOf<number | string>()
expectTypeOf(tarantool.credentials).toEqualTypeOf<{ user: string; password: string } | undefined>()
expectTypeOf(tarantool.name).toEqualTypeOf<string>()
expectTypeOf(tarantool.pid).toEqualTypeOf<number>()
expectTypeOf(tarantool.version.isAtLeast(2, 11)).toEqualTypeOf<boolean>()
expectTypeOf(tarantool.version.text).toEqualTypeOf<string>()
expectTypeOf(`${tarantool.version}`).toEqualTypeOf<string>()
expectTypeOf(tarantool.version.startsWith('3.')).toEqualTypeOf<boolean>()
// @ts-expect-error The parts are numbers.
tarantool.version.isAtLeast('2.11')

test('is typed', async () => {
  expectTypeOf(await tarantool.call<[number]>('count')).toEqualTypeOf<[number]>()
  expectTypeOf(await tarantool.call('count', 1, 'two')).toEqualTypeOf<unknown[]>()
  expectTypeOf(await tarantool.eval('return 1')).toEqualTypeOf<unknown[]>()
  expectTypeOf(await tarantool.command('box.info')).toEqualTypeOf<unknown[]>()
  expectTypeOf(await tarantool.logs()).toEqualTypeOf<string[]>()
  expectTypeOf(await tarantool.grepLog('text')).toEqualTypeOf<string[]>()
  expectTypeOf(await tarantool.waitForLog(/text/, { timeout: 5 })).toEqualTypeOf<string>()
  expectTypeOf(await tarantool.reset()).toEqualTypeOf<void>()
  expectTypeOf(await tarantool.changes({ limit: 5 })).toEqualTypeOf<Changes>()
  expectTypeOf((await tarantool.changesOf(async () => {})).spaces?.users).toEqualTypeOf<RowChanges | undefined>()
  // @ts-expect-error There is no such option.
  await tarantool.changes({ limt: 5 })
  await tarantool.restart({ recreate: true })
  await tarantool.kill('SIGTERM')
  // @ts-expect-error There is no such signal.
  await tarantool.kill('SIGNAL')
  // @ts-expect-error What a call returns is a list.
  await tarantool.call<number>('count')
  const failure: unknown = await tarantool.eval('error()').catch(error => error)
  if (failure instanceof LuaError) expectTypeOf(failure.luaMessage).toEqualTypeOf<string>()
})

const extended = test.extend<{ rows: number[] }>({
  rows: async ({ tarantool }, use) => {
    await use([tarantool.port])
  },
})
extended('has both', ({ rows, tarantool }) => {
  expectTypeOf(rows).toEqualTypeOf<number[]>()
  expectTypeOf(tarantool).toEqualTypeOf<TarantoolHandle>()
})
