import type { TestProject } from 'vitest/node'
import type { FixtureConfig } from '../config/server-options.ts'
import { sharedValue } from '../shared-value.ts'

// The plugin is loaded by Vite's config loader and the setup by Vitest, which may give each a copy of this package.
const configs = sharedValue('plugin', () => new WeakMap<TestProject, FixtureConfig>())

/** Keeps the config of a project's plugin for its setup. */
export function setPluginConfig(project: TestProject, config: FixtureConfig): void {
  configs.set(project, config)
}

/** The config that a project's plugin was given. */
export function pluginConfigOf(project: TestProject): FixtureConfig | undefined {
  return configs.get(project)
}
