/**
 * The plugin for Vitest's config, which replaces a global setup.
 *
 * @module tarantool-fixture/vitest/plugin
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vitest/config'
import type { TestProject } from 'vitest/node'
import type { FixtureConfig } from '../config/server-options.ts'
import { packageDirectory } from '../package-files.ts'
import { setPluginConfig } from './plugin-config.ts'
import './context.ts'

export type { CoverageOptions, CoverageReporter, CoverageThresholds } from '../config/coverage-options.ts'
export type { Isolation } from '../config/isolation.ts'
export type { FixtureConfig, ServerOptions } from '../config/server-options.ts'
export type { TarantoolContext } from './context.ts'

const setupFile = ['dist/vitest/plugin-setup.js', 'src/vitest/plugin-setup.ts']
  .map(name => join(packageDirectory, name))
  .find(path => existsSync(path))

/**
 * A Vite plugin that replaces a global setup, so that no other file is needed.
 *
 * @param config checked when the tests are set up. Relative paths are relative to the project's root.
 * @example
 * // vitest.config.ts
 * export default defineConfig({ plugins: [tarantool({ appLua: './app.lua' })] })
 */
export function tarantool(config: FixtureConfig = {}): Plugin {
  return {
    name: 'tarantool-fixture',
    configureVitest({ project }: { project: TestProject }): void {
      setPluginConfig(project, config)
      const named = [project.config.globalSetup ?? []].flat()
      if (setupFile !== undefined && !named.includes(setupFile)) project.config.globalSetup = [...named, setupFile]
    },
  } as Plugin
}

export default tarantool
