/**
 * The global setup for Jest: the stock setup, and the function that makes a setup from a config.
 *
 * @module tarantool-fixture/jest/setup
 */
import { dirname } from 'node:path'
import { configOfSetup } from '../config/config-of-setup.ts'
import { findConfigFile, loadConfigFile } from '../config/load.ts'
import type { FixtureConfig } from '../config/server-options.ts'
import { SetupError } from '../errors.ts'
import { checkProject, setUp } from './global-setup.ts'
import type { GlobalConfig, GlobalSetup } from './types.ts'

export type * from './types.ts'
export { tarantoolVersions } from './versions.ts'

/**
 * Makes a global setup from a config: one Tarantool per worker. Jest's config must also name a globalTeardown:
 * `'tarantool-fixture/jest/teardown'`.
 *
 * @param config checked when the setup runs. Relative paths are relative to the project's `rootDir`.
 * @example
 * // test/tarantool.js, named by globalSetup in the Jest config
 * export default defineTarantool({ appLua: './app.lua' })
 */
export function defineTarantool(config: FixtureConfig): GlobalSetup {
  const setup: GlobalSetup = async (global, project) =>
    await setUp({ baseDir: project.rootDir, load: async () => config }, global, project)
  return Object.assign(setup, { [configOfSetup]: config })
}

/** The stock global setup. The config is the tarantool.config file in the project's `rootDir`, or in the root's. */
const stockSetup: GlobalSetup = async (global, project) => {
  checkProject(project)
  const directory =
    [project.rootDir, global.rootDir].find(root => findConfigFile(root) !== undefined) ?? project.rootDir
  const { path, config } = await loadConfigFile(directory)
  const other = configFilesOf(global).find(file => file !== path)
  if (other) {
    throw new SetupError(`Jest runs this setup for one project, with ${path}, and another project has ${other}`, {
      hint: 'Give each project a globalSetup file of its own: defineTarantool from tarantool-fixture/jest/setup makes one.',
    })
  }
  await setUp({ baseDir: dirname(path), configFile: path, load: async () => config }, global, project)
}

function configFilesOf({ projects = [] }: GlobalConfig): string[] {
  const places = projects.filter(project => typeof project === 'string')
  return places.flatMap(place => findConfigFile(place) ?? findConfigFile(dirname(place)) ?? [])
}

export default stockSetup
