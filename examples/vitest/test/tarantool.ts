import { defineTarantool } from 'tarantool-fixture/vitest/setup'

export default defineTarantool({ appLua: './tarantool/app.lua' })
