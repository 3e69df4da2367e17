import { mkdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { insideDirectory } from './inside-directory.ts'

// Another process of this user can remove a directory above at any time, when its last run ends.
const mostAttempts = 5

/**
 * Makes a directory, and the missing directories above it. An existing directory is no error, whoever made it.
 *
 * The function avoids `mkdir(…, { recursive: true })`. Node repeats the system call for ever if the parent exists and
 * the system denies it, as in /proc. And another user could put a link in the place of a directory above, so that the
 * directory would be made elsewhere.
 *
 * @param mode of each new directory
 * @throws Error if another user could replace a directory in which one is to be made; the system's errors
 */
export function makeDirectories(path: string, mode: number): void {
  for (let attempt = 1; !isDirectory(path); attempt++) {
    const parent = dirname(path)
    try {
      // Everybody may make a directory in one like /tmp, and nobody else can replace it there.
      insideDirectory(parent, at => mkdirSync(join(at, basename(path)), { mode }), { shared: true })
    } catch (error) {
      if (isDirectory(path)) return
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
