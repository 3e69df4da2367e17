/**
 * The global setup for Vitest: the stock setup, and the function that makes a setup from a config.
 *
 * @module tarantool-fixture/vitest/setup
 */
import { dirname } from 'node:path'
import type { TestProject } from 'vitest/node'
import { configOfSetup } from '../config/config-of-setup.ts'
import { findConfigFile, loadConfigFile } from '../config/load.ts'
import type { FixtureConfig } from '../config/server-options.ts'
import { checkRunner, setUpProject } from './global-setup.ts'
import { runOfConfig } from './run-of-config.ts'
import './context.ts'

export type { CoverageOptions, CoverageReporter, CoverageThresholds } from '../config/coverage-options.ts'
export type { Isolation } from '../config/isolation.ts'
export type { FixtureConfig, ServerOptions } from '../config/server-options.ts'
export type { TarantoolContext } from './context.ts'
export { tarantoolVersions, type VersionedProject } from './versions.ts'

/** A global setup of Vitest. */
export type GlobalSetup = (project: TestProject) => Promise<() => Promise<void>>

/**
 * Makes a global setup from a config: one Tarantool per worker, for all projects that name the setup.
 *
 * @param config checked when the setup runs. Relative paths are relative to the project's root.
 * @example
 * // test/tarantool.ts, named by globalSetup in the Vitest config
 * export default defineTarantool({ appLua: './app.lua' })
 */
export function defineTarantool(config: FixtureConfig): GlobalSetup {
  const setup: GlobalSetup = async project => {
    checkRunner(project)
    return await setUpProject(project, await runOfConfig(project, config))
  }
  return Object.assign(setup, { [configOfSetup]: config })
}

/** The stock global setup: the config is the tarantool.config file beside the Vitest config. */
const stockSetup: GlobalSetup = async project => {
  checkRunner(project)
  const roots = [project.config.root, project.vitest.config.root]
  const directory = roots.find(root => findConfigFile(root) !== undefined) ?? project.vitest.config.root
  let reads = 0
  // The new query makes Vitest read the file again. When a rerun begins, Vitest may still cache the unedited file.
  const load = async (): Promise<{ path: string; config: FixtureConfig }> =>
    await loadConfigFile(directory, path => project.import(`${path}?read=${++reads}`))
  const { path } = await load()
  const source = { identity: path, baseDir: dirname(path), configFile: path, load: async () => (await load()).config }
  return await setUpProject(project, source)
}

export default stockSetup
