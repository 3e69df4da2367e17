import type { TestProject } from 'vitest/node'
import type { RunSource } from '../broker/run.ts'
import type { FixtureConfig } from '../config/server-options.ts'
import { SetupError } from '../errors.ts'
import { baseDirectory } from './global-setup.ts'

/** Under this a setup holds its config, for a rerun to read what a setup file says by then. */
export const configOfSetup: unique symbol = Symbol.for('tarantool-fixture.config') as never

/** What a module exports that may be a setup file of ours. */
interface SetupModule {
  readonly default?: { readonly [configOfSetup]?: FixtureConfig }
}

// What JSON has no form for, as text; equal functions of two copies of a setup file are one function to us.
const textOf = (config: FixtureConfig): string =>
  JSON.stringify(config, (_, value: unknown) =>
    typeof value === 'function' || typeof value === 'bigint' ? `${typeof value} ${value}` : value,
  )

async function configIn(project: TestProject, file: string): Promise<FixtureConfig | undefined> {
  const { default: setup } = await project.import<SetupModule>(file)
  return setup?.[configOfSetup]
}

/** The setup file that a config stands in, for the watcher; undefined where nobody watches, or it stands elsewhere. */
async function setupFileOf(project: TestProject, config: FixtureConfig): Promise<string | undefined> {
  if (!project.vitest.config.watch) return undefined
  for (const file of [project.config.globalSetup ?? []].flat()) {
    const found = await configIn(project, file).catch(() => undefined)
    if (found && textOf(found) === textOf(config)) return file
  }
  return undefined
}

/** What the runs of a config that stands in the code are made from: projects with equal configs and one base directory share it. */
export async function runOfConfig(project: TestProject, config: FixtureConfig): Promise<RunSource> {
  const baseDir = baseDirectory(project)
  const configFile = await setupFileOf(project, config)
  let reads = 0
  const load = async (): Promise<FixtureConfig> => {
    if (reads++ === 0 || configFile === undefined) return config
    // With a new query Vitest reads it anew.
    const edited = await configIn(project, `${configFile}?read=${reads}`)
    if (edited) return edited
    throw new SetupError(`${configFile} has no defineTarantool(…) as its default export any more`)
  }
  return { identity: `${baseDir}\n${textOf(config)}`, baseDir, configFile, load }
}
