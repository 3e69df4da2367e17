import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { configOfSetup, type SetupModule } from '../config/config-of-setup.ts'
import { findConfigFile } from '../config/load.ts'
import type { FixtureConfig } from '../config/server-options.ts'
import { SetupError } from '../errors.ts'

/** A config that was found in a project. */
export interface ProjectConfig {
  readonly file: string
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

function hintOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION'
    ? `Node ${process.versions.node} reads no TypeScript. Use Node 22.18 or later, or install tsx and set NODE_OPTIONS='--import tsx'.`
    : undefined
}

interface Vite {
  runnerImport?(path: string, config: object): Promise<{ readonly module: unknown }>
}

// Vitest's own Vite reads TypeScript, whatever Node can do.
async function importByVite(path: string): Promise<unknown> {
  try {
    const vitest = createRequire(path).resolve('vitest/package.json')
    const vite = (await import(pathToFileURL(createRequire(vitest).resolve('vite')).href)) as Vite
    const options = { root: dirname(path), configFile: false, logLevel: 'silent' }
    return (await vite.runnerImport?.(path, options))?.module
  } catch {
    return undefined
  }
}

async function importFile(path: string): Promise<unknown> {
  try {
    const attributes = path.endsWith('.json') ? { with: { type: 'json' } } : undefined
    return await import(pathToFileURL(path).href, attributes)
  } catch (error) {
    const isTypeScript = (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION'
    const module = isTypeScript ? await importByVite(path) : undefined
    if (module !== undefined) return module
    throw new SetupError(`cannot read ${path}: ${(error as Error).message}`, { hint: hintOf(error), cause: error })
  }
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
  const module = (await importFile(file)) as SetupModule
  // A CommonJS module that a compiler has made has its default export in another one.
  const exported = (module.default as SetupModule | undefined)?.default ?? module.default
  const ofSetup = exported?.[configOfSetup]
  if (ofSetup) return { file, config: ofSetup, baseDir: directory }
  if (exported === null || typeof exported !== 'object') {
    throw new SetupError(`${file} has no config as its default export`, {
      hint: 'Write: export default defineTarantool({ appLua: … }), or export default { appLua: … } in a tarantool.config file.',
    })
  }
  return { file, config: exported as FixtureConfig, baseDir: dirname(file) }
}
