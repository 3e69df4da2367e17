import { renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { repository } from './npm.ts'

// Errors of the sources look for the package's other files from here.
const directory = join(repository, 'node_modules', '.cache', 'programs')

/**
 * Compiles a program that tests run in many processes of its own. A compiler in each process would take most of the
 * process's time.
 *
 * @returns the path of the script
 */
export async function bundled(program: string): Promise<string> {
  const path = join(directory, `${basename(program, '.ts')}.mjs`)
  // Several test files make the script at the same time, and other processes run it.
  const staged = `${path}.${process.pid}`
  await build({
    ...{ entryPoints: [program], outfile: staged, logLevel: 'error' },
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external' },
  })
  renameSync(staged, path)
  return path
}
