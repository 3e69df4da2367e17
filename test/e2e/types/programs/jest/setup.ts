import { expectTypeOf } from 'expect-type'
import type { Config } from 'jest'
import stockSetup, {
  defineTarantool,
  type FixtureConfig,
  type GlobalSetup,
  type ServerOptions,
  tarantoolVersions,
} from 'tarantool-fixture/jest/setup'
import teardown from 'tarantool-fixture/jest/teardown'

const queue: ServerOptions = { strict: true, seed: './jobs.ndjson' }
const config: FixtureConfig = { servers: { users: { isolation: 'restart' }, queue }, lease: 'on-use' }
export default defineTarantool(config)

expectTypeOf(stockSetup).toEqualTypeOf<GlobalSetup>()
expectTypeOf(teardown).toEqualTypeOf<() => Promise<void>>()
// @ts-expect-error There is no such option.
defineTarantool({ walMod: 'none' })
// @ts-expect-error There is no such value.
defineTarantool({ isolation: 'sometimes' })

expectTypeOf({ projects: tarantoolVersions(['2.11', '3']) }).toExtend<Config>()
expectTypeOf({
  projects: tarantoolVersions(['3'], { preset: 'ts-jest', globalSetup: './tarantool.ts' }),
}).toExtend<Config>()
// @ts-expect-error It takes a list.
tarantoolVersions('3')
