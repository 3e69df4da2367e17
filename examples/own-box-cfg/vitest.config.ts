import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: './test/tarantool.ts',
    maxWorkers: 2,
    disableConsoleIntercept: true,
  },
})
