import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

// Another process of this user can remove a directory above at any time, when its last run ends.
const mostAttempts = 5

/**
 * Makes a directory, and the missing ones above it. A directory that is there already counts as made.
 *
 * Not by `mkdir(…, { recursive: true })`: Node calls the system for ever where the directory above exists, and the
 * system says that it does not, as /proc does.
 *
 * @param mode of each new directory
 */
export function makeDirectories(path: string, mode: number): void {
  for (let attempt = 1; ; attempt++) {
    try {
      mkdirSync(path, { mode })
      return
    } catch (error) {
      if (isDirectory(path)) return
      const parent = dirname(path)
      const isParentMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && parent !== path
      if (!isParentMissing || attempt === mostAttempts) throw error
      makeDirectories(parent, mode)
    }
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
