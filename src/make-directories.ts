import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

// Another process of this user can remove a directory above at any time, when its last run ends.
const mostAttempts = 5

/**
 * Makes a directory, and the missing directories above it. An existing directory is no error.
 *
 * The function avoids `mkdir(…, { recursive: true })`. Node repeats the system call for ever if the parent exists and
 * the system denies it, as in /proc.
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
