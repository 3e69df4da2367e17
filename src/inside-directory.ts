import { closeSync, constants, existsSync, fstatSync, openSync, type Stats } from 'node:fs'
import { type Trust, trustedStatus } from './trusted-path.ts'

// Linux has a path for each open file, which stays the file's whatever happens to its name.
const openFiles = existsSync('/proc/self/fd') ? '/proc/self/fd' : undefined

/**
 * Opens a directory and runs `work` in it. Another user can replace a directory between a look at its path and the use of
 * the path. On Linux, `work` gets a path that leads to the opened directory, whatever happens to its name. On other
 * systems, it gets the name.
 *
 * @param work takes the directory's path, and its status
 * @throws the system's error if there is no such directory, or if the path is a link
 */
export function withDirectory<T>(
  path: string,
  work: (at: string, status: Stats) => T,
  { follow = false }: { follow?: boolean } = {},
): T {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  const directory = openSync(path, O_RDONLY | O_DIRECTORY | (follow ? 0 : O_NOFOLLOW))
  try {
    return work(openFiles === undefined ? path : `${openFiles}/${directory}`, fstatSync(directory))
  } finally {
    closeSync(directory)
  }
}

/**
 * Opens a directory, makes sure that no other user could have replaced it, and runs `work` in it, as `withDirectory`
 * does. A path may lead over links that nobody else can change.
 *
 * @throws Error with the code ENOENT if the directory was removed or replaced meanwhile; Error if another user could
 *   change the path's target; the system's errors
 */
export function insideDirectory<T>(path: string, work: (at: string) => T, trust: Trust = {}): T {
  const run = (at: string, { dev, ino }: Stats): T => {
    const status = trustedStatus(path, trust)
    if (status?.dev === dev && status.ino === ino) return work(at)
    throw Object.assign(new Error(`ENOENT: ${path} was removed or replaced`), { code: 'ENOENT' })
  }
  return withDirectory(path, run, { follow: true })
}
