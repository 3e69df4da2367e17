// The CommonJS form of tarantool-fixture/jest/setup. It imports the ES module and does not require it. Node's require()
// of ES modules does not ask loaders' hooks for the modules that the ES module imports. Yarn's Plug'n'Play is such a
// loader up to Node 22.
import type { FixtureConfig } from '../config/server-options.ts'
import type { GlobalSetup } from './types.ts'

export type * from './types.ts'
export { tarantoolVersions } from './versions.ts'

/**
 * Makes a global setup from a config: one Tarantool per worker. Jest's config must also name a globalTeardown:
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

/** The stock global setup. The config is the tarantool.config file in the project's `rootDir`, or in the root's. */
const stockSetup: GlobalSetup = async (global, project) => {
  const setup = await import('./setup.js')
  await setup.default(global, project)
}

export default stockSetup
