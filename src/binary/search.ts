import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

/** The result of a look at a path. */
export type Finding = 'executable' | 'absent' | 'directory' | 'not executable'

/** Examines one candidate for a program. */
export function inspectProgram(path: string): Finding {
  try {
    const entry = statSync(path)
    if (entry.isDirectory()) return 'directory'
    if (!entry.isFile()) return 'not executable'
    accessSync(path, constants.X_OK)
    return 'executable'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'not executable' : 'absent'
  }
}

/** The directories of a PATH, in order, as absolute paths. An empty entry is the current directory, as in a shell. */
export function searchDirectories(path: string | undefined, cwd: string): string[] {
  if (!path) return []
  return [...new Set(path.split(delimiter).map(entry => resolve(cwd, entry)))]
}

/**
 * The programs with a name in the directories, in their order, and the files with that name that are not executable.
 */
export function findPrograms(name: string, directories: readonly string[]): { paths: string[]; broken: string[] } {
  const [paths, broken]: [string[], string[]] = [[], []]
  for (const directory of directories) {
    const path = join(directory, name)
    const finding = inspectProgram(path)
    if (finding === 'executable') paths.push(path)
    if (finding === 'not executable') broken.push(path)
  }
  return { paths, broken }
}

/** The first program with a name in the directories, and the files with that name that are not executable. */
export function findProgram(name: string, directories: readonly string[]): { path?: string; broken: string[] } {
  const { paths, broken } = findPrograms(name, directories)
  return { ...(paths[0] && { path: paths[0] }), broken }
}
