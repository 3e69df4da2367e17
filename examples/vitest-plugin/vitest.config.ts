import { tarantool } from 'tarantool-fixture/vitest/plugin'
import { defineConfig } from 'vitest/config'

// The plugin replaces a setup file and an import in the tests. The code under test reads TARANTOOL_URI.
export default defineConfig({
  plugins: [tarantool({ appLua: './cache.lua', credentials: 'random' })],
  test: { maxWorkers: 2, disableConsoleIntercept: true },
})
