import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vitest/config'
import type { TestProject } from 'vitest/node'
import type { FixtureConfig } from '../config/fixture-config.ts'
import { packageDirectory } from '../package-files.ts'
import { shared } from './shared.ts'
import './context.ts'

export type { FixtureConfig, Isolation, ServerOptions } from '../config/fixture-config.ts'
export type { TarantoolContext } from './context.ts'

// The plugin is loaded by Vite's config loader and the setup by Vitest, which may give each a copy of this package.
const configs = shared('plugin', () => new WeakMap<TestProject, FixtureConfig>())

/** The config that a project's plugin was given. @internal */
export function pluginConfigOf(project: TestProject): FixtureConfig | undefined {
  return configs.get(project)
}

const setupFile = ['dist/vitest/plugin-setup.js', 'src/vitest/plugin-setup.ts']
  .map(name => join(packageDirectory, name))
  .find(path => existsSync(path))

/**
 * A Vite plugin that does all that a global setup would: no other file is needed.
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
      configs.set(project, config)
      const named = [project.config.globalSetup ?? []].flat()
      if (setupFile !== undefined && !named.includes(setupFile)) project.config.globalSetup = [...named, setupFile]
    },
  } as Plugin
}

export default tarantool
