import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { configOfSetup, type SetupModule } from '../config/config-of-setup.ts'
import { findConfigFile } from '../config/load.ts'
import type { FixtureConfig } from '../config/server-options.ts'
import { SetupError } from '../errors.ts'
import { importConfig } from './config-import.ts'

/** A config that was found in a project. */
export interface ProjectConfig {
  readonly file: string
  /** The file, and the files that it imports, as far as they are known. */
  readonly files: readonly string[]
  readonly config: FixtureConfig
  /** The directory that relative paths of the config start from. */
  readonly baseDir: string
}

const setupFiles = ['test', 'tests'].flatMap(directory =>
  ['ts', 'mts', 'js', 'mjs'].map(extension => `${directory}/tarantool.${extension}`),
)

/** The file that has a project's config: a tarantool.config file, or a setup file in its usual place. */
export function findProjectFile(directory: string): string | undefined {
  return findConfigFile(directory) ?? setupFiles.map(name => join(directory, name)).find(path => existsSync(path))
}

/**
 * Reads the config of the project in a directory.
 *
 * @param named the file that a person has named. Default: a tarantool.config file, else test/tarantool.ts or tests/tarantool.ts
 * @throws SetupError if there is no such file, or if it has no config
 */
export async function loadProject(directory: string, named?: string): Promise<ProjectConfig> {
  const file = named === undefined ? findProjectFile(directory) : resolve(directory, named)
  if (file === undefined) {
    throw new SetupError(`there is no config in ${directory}`, {
      hint: 'The config is a tarantool.config file or test/tarantool.ts. --config names another file.',
    })
  }
  const { module: imported, files } = await importConfig(file)
  const module = imported as SetupModule
  // A CommonJS module that a compiler has made has its default export in another one.
  const exported = (module.default as SetupModule | undefined)?.default ?? module.default
  const ofSetup = exported?.[configOfSetup]
  if (ofSetup) return { file, files, config: ofSetup, baseDir: directory }
  if (exported === null || typeof exported !== 'object') {
    throw new SetupError(`${file} has no config as its default export`, {
      hint: 'Write: export default defineTarantool({ appLua: … }), or export default { appLua: … } in a tarantool.config file.',
    })
  }
  return { file, files, config: exported as FixtureConfig, baseDir: dirname(file) }
}
