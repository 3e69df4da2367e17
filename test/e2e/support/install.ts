import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { npm, pack } from '../../support/npm.ts'
import { cache, installDirectory, nodeDirectory, type Runner } from './runners.ts'

/** The built package, packed as `npm publish` would: `installRunners` puts it there. */
export const tarball: string = join(cache, 'tarantool-fixture.tgz')

/** Installs packages into a directory, unless it has them already. */
export async function installInto(directory: string, packages: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const manifest = JSON.stringify({ private: true, type: 'module', devDependencies: packages })
  // Written last: an installation that was cut short is done again.
  const done = join(directory, 'installed.json')
  if (existsSync(done) && readFileSync(done, 'utf8') === manifest) return
  writeFileSync(join(directory, 'package.json'), manifest)
  const names = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  const began = performance.now()
  console.log(`e2e: installing ${names.join(', ')} into ${relative(process.cwd(), directory)}, once`)
  // npm's `node` package puts its binary into place with an install script.
  await npm(directory, ['install', '--no-package-lock'])
  console.log(`e2e: installed after ${Math.ceil((performance.now() - began) / 1000)} s`)
  writeFileSync(done, manifest)
}

/** Installs a Node, unless it is there. */
export async function installNode(version: string): Promise<void> {
  await installInto(nodeDirectory(version), { node: version })
}

// Installs the packed package, unless the same package is already installed.
async function installPackage(directory: string): Promise<void> {
  const packed = createHash('sha256').update(readFileSync(tarball)).digest('hex')
  const mark = join(directory, 'installed-package')
  const isThere = existsSync(join(directory, 'node_modules', 'tarantool-fixture'))
  if (isThere && existsSync(mark) && readFileSync(mark, 'utf8') === packed) return
  rmSync(mark, { force: true })
  await npm(directory, ['install', '--no-save', '--no-package-lock', '--ignore-scripts', tarball])
  writeFileSync(mark, packed)
}

async function installRunner(runner: Runner): Promise<void> {
  const { node, packages } = runner
  const directory = installDirectory(runner)
  if (node !== undefined) await installNode(node)
  await installInto(directory, { ...packages, 'tarantool-driver': '^3.1.0' })
  await installPackage(directory)
}

/** Installs the runners that are not there yet, each with the Node that it runs on, and the package as it is now into each. */
export async function installRunners(runners: readonly Runner[]): Promise<void> {
  renameSync(await pack(cache), tarball)
  // All at once: an installation mostly waits for the registry.
  await Promise.all(runners.map(installRunner))
}
