import { createHash, randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { InstallError } from '../errors.ts'
import { makeDirectories } from '../make-directories.ts'
import { pathWeakness } from '../trusted-path.ts'

const prefix = '.partial-'
// Far longer than all of an installation's time limits together.
const abandonedAfter = 30 * 60_000

// Pids mean something within one host and pid namespace only, and a cache may be shared by several.
function scope(): string {
  let namespace = ''
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Linux only.
  }
  return createHash('sha256').update(`${hostname()}:${namespace}`).digest('hex').slice(0, 8)
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

async function isAbandoned(root: string, name: string): Promise<boolean> {
  const [ownerScope, pid] = name.slice(prefix.length).split('-')
  if (ownerScope === scope() && isGone(Number(pid))) return true
  const age = await stat(join(root, name)).then(entry => Date.now() - entry.mtimeMs)
  return age > abandonedAfter
}

/** Removes what interrupted installations left below `root`. What cannot be removed stays: nothing trusts it. */
export async function sweepStaging(root: string): Promise<void> {
  for (const name of await readdir(root).catch(() => [])) {
    if (!name.startsWith(prefix)) continue
    const abandoned = await isAbandoned(root, name).catch(() => false)
    if (abandoned) await removeStaging(join(root, name))
  }
}

/**
 * Makes a private directory for this process below `root`. It is on the file system of the final place, so that a rename
 * works.
 *
 * @param mode of the new directory, and of a root that does not exist yet. Default: others can read but not write.
 * @throws InstallError if the cache cannot be written.
 */
export async function makeStaging(root: string, mode: 0o755 | 0o700 = 0o755): Promise<string> {
  const directory = join(root, `${prefix}${scope()}-${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    makeDirectories(dirname(root), 0o755)
    makeDirectories(root, mode)
    // Somebody else can have made the root since the last look at it.
    const weakness = pathWeakness(root)
    if (weakness !== undefined) throw new Error(weakness)
    await mkdir(directory, { mode })
    return directory
  } catch (cause) {
    const reason = (cause as Error).message
    throw new InstallError(
      `Tarantool could not be installed: the cache ${root} cannot be written (${reason}); TARANTOOL_FIXTURE_CACHE names another directory for it`,
      { cause },
    )
  }
}

/** Removes a staging directory; best effort, for the program of a killed installation may still write there. */
export async function removeStaging(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
}
