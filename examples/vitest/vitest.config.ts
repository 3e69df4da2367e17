import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: './test/tarantool.ts',
    // Two workers, whatever the machine has: two test files at a time, each with a server of its own.
    maxWorkers: 2,
    disableConsoleIntercept: true,
  },
})
