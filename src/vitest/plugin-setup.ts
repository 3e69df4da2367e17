// The global setup that the plugin adds to a project.
import type { FixtureConfig } from '../config/fixture-config.ts'
import { SetupError } from '../errors.ts'
import { setUpProject } from './global-setup.ts'
import { pluginConfigOf } from './plugin.ts'
import { Run } from './run.ts'
import type { GlobalSetup } from './setup.ts'

const runs = new WeakMap<FixtureConfig, Run>()

const pluginSetup: GlobalSetup = async project => {
  const config = pluginConfigOf(project)
  if (!config) {
    throw new SetupError(`project '${project.name}' has the setup of tarantool-fixture's plugin, but not the plugin`, {
      hint: "Add tarantool({ … }) from 'tarantool-fixture/vitest/plugin' to its plugins.",
    })
  }
  const run = runs.get(config) ?? new Run({ baseDir: project.config.root, load: async () => config })
  runs.set(config, run)
  return await setUpProject(project, run)
}

export default pluginSetup
