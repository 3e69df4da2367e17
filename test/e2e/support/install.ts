import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { cache, installDirectory, nodeDirectory, nodeOf, type Runner, repository, scriptOf } from './runners.ts'

async function npm(directory: string, args: string[]): Promise<void> {
  await execa('npm', [...args, '--no-audit', '--no-fund', '--loglevel', 'error'], { cwd: directory, stdin: 'ignore' })
}

/** The built package, packed as `npm publish` would: `installRunners` puts it there. */
export const tarball: string = join(cache, 'tarantool-fixture.tgz')

async function pack(): Promise<void> {
  mkdirSync(cache, { recursive: true })
  const { stdout } = await execa('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', cache], {
    cwd: repository,
  })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  renameSync(join(cache, filename), tarball)
}

/**
 * Installs packages into a directory, unless it has them already.
 *
 * @param program a file that is there when they are
 */
export async function installInto(
  directory: string,
  packages: Readonly<Record<string, string>>,
  program: string,
): Promise<void> {
  const manifest = join(directory, 'package.json')
  const wanted = JSON.stringify({ private: true, type: 'module', devDependencies: packages })
  if (existsSync(program) && existsSync(manifest) && readFileSync(manifest, 'utf8') === wanted) return
  mkdirSync(directory, { recursive: true })
  writeFileSync(manifest, wanted)
  // npm's `node` package puts its binary into place with an install script.
  await npm(directory, ['install', '--no-package-lock'])
}

/** Installs a Node, unless it is there. */
export async function installNode(version: string): Promise<void> {
  await installInto(nodeDirectory(version), { node: version }, nodeOf({ node: version }))
}

/** Installs the runners that are not there yet, each with the Node that it runs on, and the package as it is now into each. */
export async function installRunners(runners: readonly Runner[]): Promise<void> {
  await pack()
  for (const runner of runners) {
    const { node, packages } = runner
    const directory = installDirectory(runner)
    if (node !== undefined) await installNode(node)
    await installInto(directory, { ...packages, 'tarantool-driver': '^3.1.0' }, scriptOf(runner))
    await npm(directory, ['install', '--no-save', '--no-package-lock', '--ignore-scripts', tarball])
  }
}
