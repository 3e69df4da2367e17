import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SetupError } from '../errors.ts'
import type { FixtureConfig } from './server-options.ts'

const names = ['ts', 'mts', 'js', 'mjs', 'json'].map(extension => `tarantool.config.${extension}`)

/** The path of a directory's tarantool.config file; undefined if the directory has none. */
export function findConfigFile(directory: string): string | undefined {
  return names.map(name => join(directory, name)).find(path => existsSync(path))
}

// In watch mode the file may have been edited. Modules that it imports are not loaded again.
async function importAnew(path: string): Promise<unknown> {
  const { mtimeMs } = await stat(path)
  delete createRequire(path).cache[path]
  return await import(`${pathToFileURL(path).href}?${mtimeMs}`)
}

function hintOf(path: string, error: unknown): string | undefined {
  const { code, name, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node ${process.versions.node} reads no TypeScript. Use Node 22.18 or later, or name the file tarantool.config.mjs.`
  }
  const isOfOtherKind = code === 'ERR_REQUIRE_CYCLE_MODULE' || (name === 'SyntaxError' && message.includes('export'))
  return path.endsWith('.js') && isOfOtherKind
    ? "In a package without type: 'module', write module.exports = { … }, or name the file tarantool.config.mjs."
    : undefined
}

/**
 * Reads the config of a fixture from the tarantool.config file of a directory.
 *
 * @param importFile reads a module; a runner brings one that knows TypeScript. Default: Node's own.
 * @throws SetupError if there is no file, or if the file throws or exports no config
 */
export async function loadConfigFile(
  directory: string,
  importFile: (path: string) => Promise<unknown> = importAnew,
): Promise<{ path: string; config: FixtureConfig }> {
  const path = findConfigFile(directory)
  if (path === undefined) {
    throw new SetupError(`there is no tarantool.config file in ${directory}`, {
      hint: `Make one of ${names.join(', ')} with a config as its default export, or use defineTarantool in your own setup file.`,
    })
  }
  let exported: unknown
  try {
    exported = path.endsWith('.json') ? { default: JSON.parse(await readFile(path, 'utf8')) } : await importFile(path)
  } catch (error) {
    throw new SetupError(`cannot read ${path}: ${(error as Error).message}`, {
      hint: hintOf(path, error),
      cause: error,
    })
  }
  const config = (exported as { default?: unknown }).default
  if (config === null || typeof config !== 'object') {
    throw new SetupError(`${path} has no config as its default export`, {
      hint: 'Write: export default { appLua: … }',
    })
  }
  return { path, config: config as FixtureConfig }
}
