import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

export const repository: string = fileURLToPath(new URL('../../../', import.meta.url))

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

async function npm(directory: string, args: string[]): Promise<void> {
  await execa('npm', [...args, '--no-audit', '--no-fund', '--loglevel', 'error'], { cwd: directory, stdin: 'ignore' })
}

/** Packs the built package, as `npm publish` would. Returns the tarball's path. */
async function pack(): Promise<string> {
  mkdirSync(cache, { recursive: true })
  const { stdout } = await execa('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', cache], {
    cwd: repository,
  })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  return join(cache, filename)
}

/** Installs the runners that are not there yet, and the package as it is now into each. */
export async function installRunners(runners: readonly Runner[]): Promise<void> {
  const tarball = await pack()
  for (const runner of runners) {
    const directory = installDirectory(runner)
    mkdirSync(directory, { recursive: true })
    const manifest = join(directory, 'package.json')
    const wanted = JSON.stringify({
      private: true,
      type: 'module',
      devDependencies: { ...runner.packages, 'tarantool-driver': '^3.1.0', ...(runner.node && { node: runner.node }) },
    })
    const installed = existsSync(manifest) && readFileSync(manifest, 'utf8') === wanted && existsSync(nodeOf(runner))
    if (!installed) {
      writeFileSync(manifest, wanted)
      // npm's `node` package puts its binary into place with an install script.
      await npm(directory, ['install', '--no-package-lock'])
    }
    await npm(directory, ['install', '--no-save', '--no-package-lock', '--ignore-scripts', tarball])
  }
}
