import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { insideDirectory } from '../inside-directory.ts'
import { makeDirectories } from '../make-directories.ts'
import { hasEnded, processScope, startOf } from './process-scope.ts'

const prefix = '.partial-'
// In milliseconds, far longer than a download takes. Processes of other hosts cannot be asked whether they live.
const abandonedAfter = 24 * 60 * 60_000

async function isAbandoned(root: string, name: string): Promise<boolean> {
  const [ownerScope, pid, started] = name.slice(prefix.length).split('-')
  if (ownerScope === processScope()) return hasEnded(Number(pid), started)
  const age = await stat(join(root, name)).then(entry => Date.now() - entry.mtimeMs)
  return age > abandonedAfter
}

/**
 * Removes the files that interrupted processes left below `root`. A file that cannot be removed does no harm, because
 * nothing trusts it.
 */
export async function sweepStaging(root: string): Promise<void> {
  for (const name of await readdir(root).catch(() => [])) {
    if (!name.startsWith(prefix)) continue
    const abandoned = await isAbandoned(root, name).catch(() => false)
    if (abandoned) await removeStaging(join(root, name))
  }
}

/**
 * Makes a private directory for this process below `root`. The directory is on the file system of the final place, so
 * that a rename works.
 *
 * @param mode of the new directory, and of a root that does not exist yet. Default: others can read but not write.
 */
export async function makeStaging(root: string, mode: 0o755 | 0o700 = 0o755): Promise<string> {
  const owner = [processScope(), process.pid, startOf(process.pid) ?? '']
  const name = `${prefix}${[...owner, randomBytes(4).toString('hex')].join('-')}`
  makeDirectories(dirname(root), 0o755)
  makeDirectories(root, mode)
  // Somebody else can have made the root since the last look at it.
  insideDirectory(root, at => mkdirSync(join(at, name), { mode }))
  return join(root, name)
}

/** Removes a staging directory; best effort, because a program of a killed process may still write there. */
export async function removeStaging(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
}
