import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

/** What a path turned out to be. */
export type Finding = 'executable' | 'absent' | 'directory' | 'not executable'

/** Looks at one candidate for a program. */
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

/** The directories of a PATH, in order and absolute; an empty entry is the current directory, as for the shell. */
export function searchDirectories(path: string | undefined, cwd: string): string[] {
  if (!path) return []
  return [...new Set(path.split(delimiter).map(entry => resolve(cwd, entry)))]
}

/** The programs of that name in the directories, in their order, and those of that name that cannot be executed. */
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

/** The first program of that name in the directories, and those of that name that cannot be executed. */
export function findProgram(name: string, directories: readonly string[]): { path?: string; broken: string[] } {
  const { paths, broken } = findPrograms(name, directories)
  return { ...(paths[0] && { path: paths[0] }), broken }
}
