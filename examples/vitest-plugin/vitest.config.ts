import { tarantool } from 'tarantool-fixture/vitest/plugin'
import { defineConfig } from 'vitest/config'

// No setup file and no import in the tests: the plugin is all, and the code under test reads TARANTOOL_URI.
export default defineConfig({
  plugins: [tarantool({ appLua: './cache.lua', credentials: 'random' })],
  test: { maxWorkers: 2, disableConsoleIntercept: true },
})
