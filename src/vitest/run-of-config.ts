import type { TestProject } from 'vitest/node'
import type { RunSource } from '../broker/run-options.ts'
import { configOfSetup, type SetupModule } from '../config/config-of-setup.ts'
import type { FixtureConfig } from '../config/server-options.ts'
import { SetupError } from '../errors.ts'
import { baseDirectory } from './global-setup.ts'

// Text for values that JSON cannot represent. Equal functions of two copies of a setup file have equal text.
const textOf = (config: FixtureConfig): string =>
  JSON.stringify(config, (_, value: unknown) =>
    typeof value === 'function' || typeof value === 'bigint' ? `${typeof value} ${value}` : value,
  )

async function configIn(project: TestProject, file: string): Promise<FixtureConfig | undefined> {
  const { default: setup } = await project.import<SetupModule>(file)
  return setup?.[configOfSetup]
}

/**
 * The setup file that contains a config, for the watcher. Undefined if nobody watches, or if the config is elsewhere.
 */
async function setupFileOf(project: TestProject, config: FixtureConfig): Promise<string | undefined> {
  if (!project.vitest.config.watch) return undefined
  for (const file of [project.config.globalSetup ?? []].flat()) {
    const found = await configIn(project, file).catch(() => undefined)
    if (found && textOf(found) === textOf(config)) return file
  }
  return undefined
}

/** The origin of runs whose config is in the code. Projects with equal configs and one base directory share a run. */
export async function runOfConfig(project: TestProject, config: FixtureConfig): Promise<RunSource> {
  const baseDir = baseDirectory(project)
  const configFile = await setupFileOf(project, config)
  let reads = 0
  const load = async (): Promise<FixtureConfig> => {
    if (reads++ === 0 || configFile === undefined) return config
    // The new query makes Vitest read the file again.
    const edited = await configIn(project, `${configFile}?read=${reads}`)
    if (edited) return edited
    throw new SetupError(`${configFile} no longer has a defineTarantool(…) as its default export`)
  }
  return { identity: `${baseDir}\n${textOf(config)}`, baseDir, configFile, load }
}
