// The global setup that the plugin adds to a project.
import { SetupError } from '../errors.ts'
import { setUpProject } from './global-setup.ts'
import { pluginConfigOf } from './plugin-config.ts'
import { runOfConfig } from './run-of-config.ts'
import type { GlobalSetup } from './setup.ts'

const pluginSetup: GlobalSetup = async project => {
  const config = pluginConfigOf(project)
  if (!config) {
    throw new SetupError(`project '${project.name}' has the setup of tarantool-fixture's plugin, but not the plugin`, {
      hint: "Add tarantool({ … }) from 'tarantool-fixture/vitest/plugin' to its plugins.",
    })
  }
  return await setUpProject(project, await runOfConfig(project, config))
}

export default pluginSetup
