import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: './test/tarantool.ts',
    // Two workers, whatever the machine has: two test files at a time, each with a server of its own.
    maxWorkers: 2,
    // Each test finds the database as the application made it, whatever ran before: so any order will do.
    sequence: { shuffle: true },
    disableConsoleIntercept: true,
  },
})
