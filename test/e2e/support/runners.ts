import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm, pack, repository } from '../../support/npm.ts'

/** A test runner of one version, under a Node that it runs on. */
export interface Runner {
  readonly name: string
  readonly packages: Readonly<Record<string, string>>
  /** A version of npm's `node` package; default: the Node that runs the tests. */
  readonly node?: string
}

export const vitests: readonly Runner[] = [
  { name: 'vitest-3.2', packages: { vitest: '~3.2.7' } },
  { name: 'vitest-4.1', packages: { vitest: '~4.1.12' } },
  { name: 'vitest-5.1', packages: { vitest: '~5.1.1' }, node: '24' },
]

// What projects translate their tests with.
const transformers = {
  '@babel/plugin-transform-modules-commonjs': '^7.29.0',
  '@swc/core': '^1.15.0',
  '@swc/jest': '^0.2.39',
  'ts-jest': '^29.4.0',
  typescript: '~5.9.3',
}

export const jests: readonly Runner[] = [
  { name: 'jest-29', packages: { jest: '~29.7.0', 'jest-environment-jsdom': '~29.7.0', ...transformers } },
  { name: 'jest-30', packages: { jest: '~30.5.0', 'jest-environment-jsdom': '~30.5.0', ...transformers } },
]

/** What is installed once and stays between runs. */
const cache = join(repository, 'node_modules', '.cache', 'e2e')

/** The directory in which a runner and the packed package are installed. */
export function installDirectory({ name }: Runner): string {
  return join(cache, name)
}

export const isJest = ({ packages }: Runner): boolean => 'jest' in packages

/** The script that is a runner's command line. */
export function scriptOf(runner: Runner): string {
  const script = isJest(runner) ? 'jest/bin/jest.js' : 'vitest/vitest.mjs'
  return join(installDirectory(runner), 'node_modules', script)
}

/** The Node that a runner is run with. */
export function nodeOf(runner: Runner): string {
  return runner.node ? join(installDirectory(runner), 'node_modules', 'node', 'bin', 'node') : process.execPath
}

/** Installs packages into a directory of the cache, unless they are there already. Returns the directory. */
export async function installOnce(name: string, packages: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(cache, name)
  mkdirSync(directory, { recursive: true })
  const manifest = JSON.stringify({ private: true, type: 'module', devDependencies: packages })
  // Written last: an installation that was cut short is done again.
  const done = join(directory, 'installed.json')
  if (existsSync(done) && readFileSync(done, 'utf8') === manifest) return directory
  writeFileSync(join(directory, 'package.json'), manifest)
  // npm's `node` package puts its binary into place with an install script.
  await npm(directory, ['install', '--no-package-lock'])
  writeFileSync(done, manifest)
  return directory
}

/** Installs the runners that are not there yet, and the package as it is now into each. */
export async function installRunners(runners: readonly Runner[]): Promise<void> {
  const tarball = await pack(cache)
  for (const { name, packages, node } of runners) {
    const directory = await installOnce(name, { ...packages, 'tarantool-driver': '^3.1.0', ...(node && { node }) })
    await npm(directory, ['install', '--no-save', '--no-package-lock', '--ignore-scripts', tarball])
  }
}
