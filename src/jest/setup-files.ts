import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from '../errors.ts'
import { packageDirectory } from '../package-files.ts'
import type { ProjectConfig } from './types.ts'

// Jest knows no way to evaluate an ES module in a worker without a flag of Node's. Only the built files are CommonJS.
const workerFile = join(packageDirectory, 'dist/jest/worker.cjs')
const hooksFile = join(packageDirectory, 'dist/jest/hooks.cjs')

/** @throws SetupError where the package is not built */
export function checkBuilt(): void {
  if (!existsSync(workerFile)) throw new SetupError(`there is no ${workerFile}: the package is not built`)
}

/**
 * Adds what runs before and in each test file of a project.
 *
 * @param setup the one whose servers the test files get
 */
export function addSetupFiles({ cacheDirectory, setupFiles, setupFilesAfterEnv }: ProjectConfig, setup: string): void {
  // The configuration is frozen, but not its lists, and they are what workers get. The generated file takes the place of
  // the user's entry.
  const generated = generateFile(cacheDirectory, setup)
  for (const file of [workerFile, generated])
    if (setupFiles.includes(file)) setupFiles.splice(setupFiles.indexOf(file), 1)
  setupFiles.unshift(generated)
  if (!setupFilesAfterEnv.includes(hooksFile)) setupFilesAfterEnv.unshift(hooksFile)
}

/**
 * Makes a file that begins a test file with the servers of a setup. A project's lists of files are all that it does not
 * share with other projects and that a setup can change: projects without globals of their own have one object of globals
 * together. The file is among Jest's caches and not in the run's directory, since the lists are part of the keys of those
 * caches: the path has to be the same in each run.
 */
function generateFile(cacheDirectory: string, setup: string): string {
  const text = `module.exports = () => require(${JSON.stringify(workerFile)})(${JSON.stringify(setup)})\n`
  const name = `tarantool-fixture-${createHash('sha256').update(text).digest('hex').slice(0, 32)}.cjs`
  const path = join(cacheDirectory, name)
  // Another run may be reading it.
  const partial = `${path}.${process.pid}`
  mkdirSync(cacheDirectory, { recursive: true })
  writeFileSync(partial, text)
  renameSync(partial, path)
  return path
}
