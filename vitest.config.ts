import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { deadProxies, noSources } from './test/support/no-downloads.ts'

const config: ViteUserConfig = defineConfig({
  test: {
    globalSetup: './test/support/global-setup.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The default is 1 s. On a busy machine, a process may take longer to end, and a directory to be removed.
    expect: { poll: { timeout: 10_000 } },
    // One more than the cores of a small machine: many tests wait for a server or a time limit.
    maxWorkers: 3,
    env: noSources,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          // The others install packages of npm.
          env: deadProxies(),
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // Both: a project's own globalSetup replaces the root's, and what is packed has to be built first.
          globalSetup: ['./test/support/global-setup.ts', './test/e2e/support/setup.ts'],
        },
      },
    ],
  },
})

export default config
