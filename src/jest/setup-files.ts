import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from '../errors.ts'
import { packageDirectory } from '../package-files.ts'
import type { ProjectConfig } from './types.ts'

// Without a flag of Node's, Jest cannot evaluate an ES module in a worker. Only the built files are CommonJS.
const workerFile = join(packageDirectory, 'dist/jest/worker.cjs')
const hooksFile = join(packageDirectory, 'dist/jest/hooks.cjs')

/** @throws SetupError if the package is not built */
export function checkBuilt(): void {
  if (!existsSync(workerFile)) throw new SetupError(`there is no ${workerFile}: the package is not built`)
}

/**
 * Adds the files that run before and in each test file of a project.
 *
 * @param setup the setup whose servers the test files get
 */
export function addSetupFiles({ cacheDirectory, setupFiles, setupFilesAfterEnv }: ProjectConfig, setup: string): void {
  // The configuration is frozen, but its lists are not, and workers get the lists. The generated file replaces the
  // user's entry.
  const generated = generateFile(cacheDirectory, setup)
  for (const file of [workerFile, generated])
    if (setupFiles.includes(file)) setupFiles.splice(setupFiles.indexOf(file), 1)
  setupFiles.unshift(generated)
  if (!setupFilesAfterEnv.includes(hooksFile)) setupFilesAfterEnv.unshift(hooksFile)
}

/**
 * Makes a file that begins a test file with the servers of a setup. A setup can change only a project's lists of files
 * without changing other projects: projects without globals of their own share one object of globals. The file is among
 * Jest's caches and not in the run's directory. The lists are part of the keys of those caches, so the path must be the
 * same in each run.
 */
function generateFile(cacheDirectory: string, setup: string): string {
  const text = `module.exports = () => require(${JSON.stringify(workerFile)})(${JSON.stringify(setup)})\n`
  const name = `tarantool-fixture-${createHash('sha256').update(text).digest('hex').slice(0, 32)}.cjs`
  const path = join(cacheDirectory, name)
  // Another run may read the file now.
  const partial = `${path}.${process.pid}`
  mkdirSync(cacheDirectory, { recursive: true })
  writeFileSync(partial, text)
  renameSync(partial, path)
  return path
}
