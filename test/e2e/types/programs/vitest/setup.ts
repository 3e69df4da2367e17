import stockSetup, {
  defineTarantool,
  type FixtureConfig,
  type GlobalSetup,
  type Isolation,
  type ServerOptions,
  tarantoolVersions,
} from 'tarantool-fixture/vitest/setup'
import { expectTypeOf } from 'vitest'
import { defineConfig } from 'vitest/config'
import type { TestProject } from 'vitest/node'

const queue: ServerOptions = { strict: true, seed: './jobs.ndjson' }
const config: FixtureConfig = { servers: { users: { isolation: 'restart' }, queue }, lease: 'on-use', maxServers: 2 }
export default defineTarantool(config)

expectTypeOf(defineTarantool).returns.toEqualTypeOf<GlobalSetup>()
expectTypeOf(stockSetup).toEqualTypeOf<GlobalSetup>()
expectTypeOf<GlobalSetup>().parameters.toEqualTypeOf<[project: TestProject]>()
expectTypeOf<Isolation>().toEqualTypeOf<'none' | 'file' | 'reset' | 'process' | 'restart'>()
// @ts-expect-error There has to be a config.
defineTarantool()
// @ts-expect-error There is no such option.
defineTarantool({ walMod: 'none' })
// @ts-expect-error There is no such value.
defineTarantool({ isolation: 'sometimes' })
// @ts-expect-error There is no such value.
defineTarantool({ lease: 'test' })
// @ts-expect-error The number of servers is one for all of them.
defineTarantool({ servers: { queue: { maxServers: 1 } } })
// @ts-expect-error A version is a text: 3.10 as a number is 3.1.
defineTarantool({ version: 3.1 })
defineTarantool({ version: '3.10', quiet: true, servers: { old: { version: '1.10' } } })

defineConfig({ test: { projects: tarantoolVersions(['2.11', '3']) } })
defineConfig({
  test: { projects: [...tarantoolVersions(['3'], { test: { name: 'api', include: ['api/**'] } }), 'web'] },
})
// @ts-expect-error It takes a list.
tarantoolVersions('3')
