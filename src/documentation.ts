import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { packageDirectory } from './package-files.ts'

// A workspace may install the package for all its projects, in a directory above the project.
function installedIn(directory: string): string | undefined {
  const installed = join(directory, 'node_modules/tarantool-fixture')
  if (existsSync(installed) && realpathSync(installed) === realpathSync(packageDirectory)) return installed
  const parent = dirname(directory)
  return parent === directory ? undefined : installedIn(parent)
}

function find(): string {
  const docs = join(packageDirectory, 'docs')
  try {
    const workingDirectory = process.cwd()
    const installed = installedIn(workingDirectory)
    if (installed !== undefined) return relative(workingDirectory, join(installed, 'docs'))
    const path = relative(workingDirectory, docs)
    return path.startsWith('..') ? docs : path
  } catch {
    // The working directory does not exist any more.
    return docs
  }
}

/**
 * The directory of this package's docs, for messages: relative to the working directory of the process, or absolute. It is
 * found when a process loads this module, before a test can change the working directory.
 */
export const documentation: string = find()
