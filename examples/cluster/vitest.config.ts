import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: './test/tarantool.ts',
    maxWorkers: 2,
    // The first start of a cluster also bootstraps and seeds it.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    disableConsoleIntercept: true,
  },
})
