import type { TestProject } from 'vitest/node'
import type { FixtureConfig } from '../config/server-options.ts'
import { sharedValue } from '../shared-value.ts'

// Vite's config loader loads the plugin, and Vitest loads the setup. Each may get its own copy of this package.
const configs = sharedValue('plugin', () => new WeakMap<TestProject, FixtureConfig>())

/** Keeps the config of a project's plugin for its setup. */
export function setPluginConfig(project: TestProject, config: FixtureConfig): void {
  configs.set(project, config)
}

/** The config that a project's plugin got. */
export function pluginConfigOf(project: TestProject): FixtureConfig | undefined {
  return configs.get(project)
}
