import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { installInto } from './install.ts'
import { cache } from './runners.ts'

/** A version of TypeScript. */
export interface Compiler {
  readonly name: string
  readonly version: string
}

export const compilers: readonly Compiler[] = [
  { name: 'typescript-5.9', version: '~5.9.3' },
  { name: 'typescript-6.0', version: '~6.0.3' },
  { name: 'typescript-7.0', version: '~7.0.2' },
]

/**
 * Compiles projects below a directory, each by its own tsconfig.json. One process compiles all, so that it reads the types
 * of packages once.
 *
 * @returns what the compiler complains of: nothing, where all is well
 */
export async function compile(
  { name, version }: Compiler,
  directory: string,
  projects: readonly string[] = ['.'],
): Promise<string> {
  await installInto(join(cache, name), { typescript: version })
  const installed = join(cache, name, 'node_modules', 'typescript')
  const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { bin: { tsc: string } }
  const { stdout, exitCode } = await execa(process.execPath, [join(installed, bin.tsc), '--build', ...projects], {
    cwd: directory,
    reject: false,
  })
  return exitCode === 0 ? stdout : stdout || `tsc ended with ${exitCode}`
}
