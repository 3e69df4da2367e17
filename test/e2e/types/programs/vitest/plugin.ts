import plugin, { type FixtureConfig, tarantool } from 'tarantool-fixture/vitest/plugin'
import { expectTypeOf } from 'vitest'
import { defineConfig } from 'vitest/config'

const config: FixtureConfig = { walMode: 'none', isolation: 'file' }
export default defineConfig({ plugins: [tarantool(config), tarantool()], test: { globalSetup: './setup.ts' } })

expectTypeOf(plugin).toEqualTypeOf<typeof tarantool>()
expectTypeOf(tarantool).parameters.toEqualTypeOf<[config?: FixtureConfig | undefined]>()
// @ts-expect-error There is no such option.
tarantool({ walMod: 'none' })
// @ts-expect-error There is no such isolation.
tarantool({ servers: { queue: { isolation: 'sometimes' } } })
