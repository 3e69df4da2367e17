import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { InstallError } from '../errors.ts'
import type { Apt } from './apt.ts'
import { type CommandOptions, run } from './command.ts'

/** The shared libraries of a program: the paths of libraries that were found, and the names of missing libraries. */
export interface LinkedLibraries {
  readonly found: readonly string[]
  readonly missing: readonly string[]
}

/** Asks the dynamic linker which libraries a program would load, with `libraryPath` searched first. */
export async function linkedLibraries(
  program: string,
  libraryPath: readonly string[],
  options: CommandOptions = {},
): Promise<LinkedLibraries> {
  const env = libraryPath.length > 0 ? { LD_LIBRARY_PATH: libraryPath.join(':') } : {}
  const { stdout } = await run('ldd', [program], { ...options, env }).catch((error: Error) => {
    // The program is static, or a script.
    if (error instanceof InstallError && /not a dynamic executable/.test(error.logTail.join('\n')))
      return { stdout: '' }
    throw error
  })
  return {
    found: [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(match => match[1] ?? ''),
    missing: [...new Set([...stdout.matchAll(/^\s*(\S+) => not found/gm)].map(match => match[1] ?? ''))],
  }
}

/** The packages with libraries that some packages need (or are) and that this machine does not have. */
export async function absentPackages(
  apt: Apt,
  names: readonly string[],
  options: CommandOptions = {},
): Promise<string[]> {
  const needed = await apt.closure(names)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's format, not ours.
  const { stdout } = await run('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Package}\n'], options)
  const present = new Set([...stdout.matchAll(/^installed (\S+)$/gm)].map(match => match[1]))
  // The C library has to match the dynamic linker, which is the machine's. zlib is the one library without lib- .
  return needed.filter(name => isLibrary(name) && !present.has(name))
}

/** True if a package contains a library that a copy of Tarantool can include. */
export const isLibrary = (name: string): boolean => /^(lib|zlib)/.test(name) && !/^libc(6|-bin)/.test(name)

/** The directories below `tree` that contain shared libraries, relative to `tree`. */
export async function libraryDirectories(tree: string): Promise<string[]> {
  const directories = new Set<string>()
  for (const top of ['lib', 'usr/lib']) {
    const entries = await readdir(join(tree, top), { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (!entry.isDirectory()) continue
      const directory = join(tree, top, entry.name)
      const files = await readdir(directory)
      if (files.some(file => /\.so(\.|$)/.test(file))) directories.add(relative(tree, directory))
    }
  }
  return [...directories]
}
