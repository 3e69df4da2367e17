// Typed by the setup that is part of the same program.
import type { TarantoolAddress, TarantoolContext } from 'tarantool-fixture/vitest'
import { expectTypeOf, inject, test } from 'vitest'

const injected = inject('tarantool')
expectTypeOf(injected).toEqualTypeOf<TarantoolContext>()
expectTypeOf(injected.host).toEqualTypeOf<string>()
expectTypeOf(injected.port).toEqualTypeOf<number>()
expectTypeOf(injected.uri).toEqualTypeOf<string>()
expectTypeOf(injected.user).toEqualTypeOf<string | undefined>()
expectTypeOf(injected.servers).toEqualTypeOf<{ readonly [name: string]: TarantoolAddress }>()
// @ts-expect-error There is no such property.
injected.hots
// @ts-expect-error The address belongs to the lease.
injected.port = 1
// @ts-expect-error There is no such key.
inject('tarantol')
test('is typed', () => {})
