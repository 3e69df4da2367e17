// What require() gets for tarantool-fixture/jest/setup. The ES module is imported, not required: Node's require() of ES
// modules does not ask the hooks of loaders for what they import in turn, and Yarn's Plug'n'Play is such a loader up to Node 22.
import type { FixtureConfig } from '../config/server-options.ts'
import type { GlobalSetup } from './types.ts'

export type * from './types.ts'
export { tarantoolVersions } from './versions.ts'

/**
 * Makes a global setup of a config: one Tarantool per worker. The config of Jest has to name a globalTeardown, too:
 * `'tarantool-fixture/jest/teardown'`.
 *
 * @param config checked when the setup runs. Relative paths are relative to the project's `rootDir`.
 * @example
 * // test/tarantool.js, named by globalSetup in the Jest config
 * module.exports = defineTarantool({ appLua: './app.lua' })
 */
export function defineTarantool(config: FixtureConfig): GlobalSetup {
  return async (global, project) => {
    const setup = await import('./setup.js')
    await setup.defineTarantool(config)(global, project)
  }
}

/** The stock global setup: the config is the tarantool.config file in the project's `rootDir`, or in the root's. */
const stockSetup: GlobalSetup = async (global, project) => {
  const setup = await import('./setup.js')
  await setup.default(global, project)
}

export default stockSetup
