import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: './test/tarantool.ts',
    // Two workers on every machine: each has a replica set of its own.
    maxWorkers: 2,
    // A failover takes a moment.
    testTimeout: 30_000,
    disableConsoleIntercept: true,
  },
})
