import { test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import { LuaError, type TarantoolHandle, type UseOptions, useTarantool } from 'tarantool-fixture/jest'

declare module 'tarantool-fixture/jest' {
  interface TarantoolServers {
    users: true
    queue: true
  }
}

const options: UseOptions = { isolation: 'none', strict: true }
const tarantool = useTarantool('queue', options)
expectTypeOf(tarantool).toEqualTypeOf<TarantoolHandle>()
useTarantool({ config: { appLua: './other.lua' } })
// @ts-expect-error There is no such server.
useTarantool('nmae')
// @ts-expect-error There is no such option.
useTarantool({ isolatoin: 'none' })

test('is typed', async () => {
  expectTypeOf(tarantool.port).toEqualTypeOf<number>()
  expectTypeOf(await tarantool.call<[number]>('count')).toEqualTypeOf<[number]>()
  expectTypeOf(await tarantool.eval('return 1')).toEqualTypeOf<unknown[]>()
  expectTypeOf(await tarantool.waitForLog('text')).toEqualTypeOf<string>()
  // @ts-expect-error There is no such signal.
  await tarantool.kill('SIGNAL')
  const failure: unknown = await tarantool.eval('error()').catch(error => error)
  if (failure instanceof LuaError) expectTypeOf(failure.luaMessage).toEqualTypeOf<string>()
})
