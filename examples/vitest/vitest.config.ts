import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: './test/tarantool.ts',
    // Two workers on every machine: two test files run at a time, each with its own server.
    maxWorkers: 2,
    // Each test finds the database as the application created it. So the order of the tests does not matter.
    sequence: { shuffle: true },
    disableConsoleIntercept: true,
  },
})
